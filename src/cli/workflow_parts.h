// What a process needs to work on runs, beside a gateway: models behind it, tools, the engine.
// Shared by `tidegate workflow run`, on the main loop, and by serve, on a thread of its own. Lives
// on one loop; made and destroyed on its thread.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/gateway_models.h"
#include "engine/mcp_tools.h"
#include "engine/pricing.h"
#include "engine/turn_loop.h"
#include "gateway/snapshot.h"
#include "loop/resolver.h"
#include "loop/worker.h"
#include "workflow/load.h"

namespace tidegate::cli {

// The configuration's models, prices and routes, as the engine needs them.
engine::Pricing pricing_of(std::shared_ptr<const gateway::Snapshot> snapshot);
// What a workflow's file may name of the configuration; points into the snapshot.
workflow::Surroundings surroundings_of(const gateway::Snapshot& snapshot);

class WorkflowParts {
 public:
  WorkflowParts(Loop& loop, const Clock& clock, std::shared_ptr<const gateway::Snapshot> snapshot,
                engine::GatewayModels::Options access);

  // Error: the journal cannot be opened.
  Result<void> open(std::string journal_path);
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
  engine::GatewayModels models_;
  engine::McpTools tools_;
  engine::TurnLoop turns_;
  std::unique_ptr<engine::Engine> engine_;
};

// Runs of serve: a thread with a loop and the parts. Runs that did not end go on by themselves.
class WorkflowService {
 public:
  WorkflowService(const Clock& clock, std::shared_ptr<const gateway::Snapshot> snapshot,
                  engine::GatewayModels::Options access, std::string journal_path);
  ~WorkflowService();  // leaves all runs as they are
  WorkflowService(const WorkflowService&) = delete;
  WorkflowService& operator=(const WorkflowService&) = delete;

  // Error: the journal cannot be opened.
  [[nodiscard]] Result<void> start();
  using Told = std::promise<Result<engine::RunId>>;
  // What begins a run or goes on with one.
  using Step = std::move_only_function<Result<engine::RunId>(engine::Engine&)>;
  // Takes the step, and tells of it once a crash does not undo that. Any thread, after start().
  void take(Step step, Told told);

 private:
  // Runs `work` on the loop of the engine.
  void post(std::move_only_function<void(WorkflowParts&)> work);
  static Task<void> take_durably(WorkflowParts& parts, Step step, Told told);
  static Task<void> close(WorkflowService& service);

  const Clock& clock_;
  std::shared_ptr<const gateway::Snapshot> snapshot_;
  engine::GatewayModels::Options access_;
  std::string journal_path_;
  Worker worker_;
  std::unique_ptr<WorkflowParts> parts_;  // the worker's
  TaskGroup steps_, closing_;
  bool started_ = false;
};

}  // namespace tidegate::cli
