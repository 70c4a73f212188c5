// What all workers share and a reload keeps: metrics, health, learned token weights, the ledger.
// Its parts are safe for any thread; the maps are touched only while a snapshot is built.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "budgets/alerts.h"
#include "budgets/budgets.h"
#include "config/config.h"
#include "ledger/ledger.h"
#include "limits/adaptive_limit.h"
#include "limits/key_ring.h"
#include "limits/limits.h"
#include "limits/output_estimate.h"
#include "limits/own_limits.h"
#include "routing/affinity.h"
#include "routing/breaker.h"
#include "sharing/sharing.h"
#include "telemetry/metrics_list.h"
#include "translation/reasoning_memory.h"
#include "translation/response_store.h"
#include "workload/tokens.h"

namespace tidegate::gateway {

struct SharedState {
  telemetry::Registry registry;
  telemetry::ServerMetrics metrics = telemetry::ServerMetrics::make(registry);
  routing::Affinity affinity;
  workload::TokenCalibration any_model;  // before a model is chosen
  std::unique_ptr<ledger::Ledger> ledger;
  // Null, as for `tidegate route`: nobody is asked for a key.
  std::unique_ptr<limits::KeyRing> keys;
  config::Auth auth = config::Auth::automatic;  // as at the start: a reload does not change it
  // Of parts of this process that are clients of it, such as workflows; empty: there are none.
  // It stands for nobody and may use everything.
  std::string internal_credential;
  // Null: nothing is remembered.
  std::unique_ptr<translation::ReasoningMemory> reasoning;
  std::unique_ptr<translation::ResponseStore> responses;

  // Null: nothing is shared with other gateways. Outlives the limits, which borrow through it.
  std::unique_ptr<sharing::Sharing> sharing;
  std::shared_ptr<const limits::Limits> limits;     // the latest; null: nothing is limited
  std::unique_ptr<limits::OwnLimits> own_limits;    // of keys; null where there are no keys
  std::shared_ptr<const budgets::Budgets> budgets;  // the latest
  std::unique_ptr<budgets::Alerts> alerts;          // null: nobody is told

  // By "provider/model" and by model: health and learning survive a reload.
  std::unordered_map<std::string, std::shared_ptr<routing::Breaker>> breakers;
  std::unordered_map<std::string, std::shared_ptr<workload::TokenCalibration>> calibrations;
  std::unordered_map<std::string, std::shared_ptr<limits::AdaptiveLimit>> adaptive_limits;
  std::unordered_map<std::string, std::shared_ptr<limits::OutputEstimate>> outputs;
};

}  // namespace tidegate::gateway
