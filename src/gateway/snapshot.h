// Snapshot: one configuration made ready to serve: catalogue, routes, providers' endpoints, metric
// ids. Immutable and shared by all workers; a reload makes a new one and requests in flight keep
// theirs.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/client_profiles.h"
#include "config/config.h"
#include "gateway/shared_state.h"
#include "http/endpoint.h"
#include "protocol/dialect.h"
#include "routing/retry.h"
#include "routing/table.h"
#include "telemetry/metrics_list.h"
#include "tls/context.h"

namespace tidegate::gateway {

struct ProviderRuntime {
  http::Endpoint endpoint;
  const protocol::DialectTable* dialect = nullptr;
  // "POST /v1/chat/completions HTTP/1.1\r\nHost: ...\r\nAuthorization: ...\r\n...": what is the
  // same for every request of a surface; empty where it is not offered. Holds the key; must not be
  // logged.
  std::array<std::string, protocol::kSurfaces> request_heads;
  std::string beta_chat_head;  // for chat with features that are beta; empty: there are none
  std::shared_ptr<const tls::ClientContext> tls;
};

struct TargetRuntime {
  std::string header_lines;  // x-tidegate-route, -model and -provider of an answer
  std::string maker;         // "provider/model": who made the reasoning that it gives
  telemetry::TargetMetrics metrics;
  std::shared_ptr<workload::TokenCalibration> calibration;
  std::shared_ptr<limits::OutputEstimate> output;
  std::shared_ptr<limits::AdaptiveLimit> adaptive;  // null where it is not to be found
  limits::Chain limits;                             // that an attempt passes
};

struct Snapshot {
  // Null when `problems` has gained one that is not a warning.
  static std::shared_ptr<const Snapshot> build(config::Config config, SharedState& shared,
                                               std::vector<config::Problem>& problems);

  [[nodiscard]] const TargetRuntime& runtime(const routing::Target& target) const {
    return targets.at(&target);
  }
  [[nodiscard]] routing::Breaker& breaker(const routing::Target& target) const {
    return *breakers[target.breaker];
  }

  config::Config config;
  catalog::Catalog catalog;
  catalog::ClientProfiles profiles;
  routing::Table table;
  std::vector<ProviderRuntime> providers;           // as in config.providers
  std::shared_ptr<const limits::Limits> limits;     // null: nothing is limited, but by keys' own
  std::shared_ptr<const limits::Limits> no_limits;  // what holds then
  std::shared_ptr<const budgets::Budgets> budgets;  // never null; keys may have their own
  std::shared_ptr<routing::RetryBudget> retry_budget;
  std::vector<std::shared_ptr<routing::Breaker>> breakers;  // as in table
  std::unordered_map<const routing::Target*, TargetRuntime> targets;
};

}  // namespace tidegate::gateway
