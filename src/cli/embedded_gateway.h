// A gateway inside of this process that nobody else can use: for `tidegate workflow run`, which
// sends its requests through it as serve would, with the same configuration, stores and limits.
// Owned by the main thread; its acceptor is on the loop that it is given.
#pragma once

#include <memory>
#include <string>

#include "budgets/restore.h"
#include "config/config.h"
#include "engine/gateway_models.h"
#include "gateway/gateway.h"
#include "loop/loop.h"
#include "simulator/running.h"
#include "telemetry/log.h"

namespace tidegate::cli {

class EmbeddedGateway {
 public:
  // Null, with the reason printed, if it cannot be started.
  static std::unique_ptr<EmbeddedGateway> start(config::Config config, Loop& main,
                                                const Clock& clock);
  ~EmbeddedGateway();

  // A credential that its listener knows and nobody else.
  [[nodiscard]] engine::GatewayModels::Options access() const;
  [[nodiscard]] const std::shared_ptr<const gateway::Snapshot>& snapshot() const {
    return snapshot_;
  }

 private:
  EmbeddedGateway() = default;
  bool open_stores(const config::Config& config, const Clock& clock);

  std::unique_ptr<telemetry::Log> log_;
  gateway::SharedState shared_;
  budgets::LedgerFiles ledger_files_;
  std::unique_ptr<simulator::Running> simulator_;
  std::shared_ptr<const gateway::Snapshot> snapshot_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

}  // namespace tidegate::cli
