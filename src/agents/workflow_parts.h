// What a process needs to work on runs, beside who answers for models: prices, tools, the engine.
// Shared by `tidegate workflow run`, serve and programs that run workflows of their own. Lives on
// one loop; made and destroyed on its thread.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/helping.h"
#include "engine/mcp_tools.h"
#include "engine/pricing.h"
#include "engine/turn_loop.h"
#include "gateway/snapshot.h"
#include "loop/resolver.h"
#include "workflow/load.h"

namespace tidegate::agents {

// The configuration's models, prices and routes, as the engine needs them.
engine::Pricing pricing_of(std::shared_ptr<const gateway::Snapshot> snapshot);
// What a workflow's file may name of the configuration; points into the snapshot.
workflow::Surroundings surroundings_of(const gateway::Snapshot& snapshot);

class WorkflowParts {
 public:
  WorkflowParts(Loop& loop, const Clock& clock, std::shared_ptr<const gateway::Snapshot> snapshot,
                std::unique_ptr<engine::Models> models);

  // Who makes the requests of its runs. shared: processes with the same configuration as well, if
  // they have the same journal.
  enum class Requests : bool { own, shared };
  // Error: the journal cannot be opened.
  Result<void> open(const config::State& state, Requests requests);
  // Who makes requests for runs of other processes; null: it is not wanted, or nobody shares the
  // journal. To be destroyed before this.
  [[nodiscard]] std::unique_ptr<engine::Helping> helping();
  [[nodiscard]] const workflow::Surroundings& around() const { return around_; }
  [[nodiscard]] engine::Engine& engine() { return *engine_; }
  [[nodiscard]] const engine::Pricing& pricing() const { return pricing_; }
  // Leaves all runs as they are and lets go of the servers of tools; then this may be destroyed.
  Task<void> close();

 private:
  Result<std::shared_ptr<const workflow::Workflow>> reload(const std::string& spec) const;

  Loop& loop_;
  std::shared_ptr<const gateway::Snapshot> snapshot_;
  workflow::Surroundings around_;
  Resolver resolver_;
  engine::Pricing pricing_;
  std::unique_ptr<engine::Models> models_;
  engine::McpTools tools_;
  engine::TurnLoop turns_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace tidegate::agents
