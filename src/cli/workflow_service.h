// WorkflowService: runs of serve: a thread with a loop and the parts. Runs that did not end go on
// by themselves. Made and destroyed by its owner; any thread once it has started.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "agents/workflow_parts.h"
#include "engine/gateway_models.h"
#include "engine/resumer.h"
#include "loop/task_group.h"
#include "loop/worker.h"
#include "telemetry/log.h"

namespace tidegate::cli {

using agents::WorkflowParts;

class WorkflowService {
 public:
  // Where runs are read from, and told of when they cannot go on.
  struct Place {
    engine::RunArchive& archive;
    telemetry::Log& log;
  };
  WorkflowService(const Clock& clock, std::shared_ptr<const gateway::Snapshot> snapshot,
                  engine::GatewayModels::Options access, Place place);
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
  const Place place_;
  Worker worker_;
  std::unique_ptr<WorkflowParts> parts_;  // the worker's
  std::optional<engine::Resumer> resumer_;
  std::unique_ptr<engine::Helping> helping_;  // null: nobody shares the journal
  TaskGroup steps_, closing_;
  bool started_ = false;
};

}  // namespace tidegate::cli
