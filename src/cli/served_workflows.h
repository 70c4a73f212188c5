// ServedWorkflows: runs of workflows in serve: the pages about them on the admin listener, and the
// service that works on them. A process in which no workflow ever ran has neither a journal nor
// threads for them: they come with the first run. Pages are asked from any worker; open() and
// close() belong to the main thread, and the listener ends before this is destroyed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cli/workflow_service.h"
#include "engine/run_archive.h"
#include "engine/workflow_api.h"

namespace tidegate::cli {

class ServedWorkflows final : private engine::RunStarter {
 public:
  ServedWorkflows(const Clock& clock, std::shared_ptr<const gateway::Snapshot> snapshot,
                  telemetry::Log& log);
  ~ServedWorkflows() override { close(); }
  ServedWorkflows(const ServedWorkflows&) = delete;
  ServedWorkflows& operator=(const ServedWorkflows&) = delete;

  [[nodiscard]] engine::WorkflowApi& pages() { return api_; }
  // Once the gateway listens: goes on with runs that did not end. Error: the journal cannot be
  // opened.
  [[nodiscard]] Result<void> open(engine::GatewayModels::Options access);
  // Leaves all runs as they are; none begins any more, and streams of events end.
  void close();

 private:
  [[nodiscard]] workflow::Surroundings surroundings() const override { return around_; }
  Task<Result<engine::RunId>> start(Loop& loop, std::shared_ptr<const workflow::Workflow> workflow,
                                    workflow::Map inputs,
                                    std::optional<NanoDollars> budget) override;
  Task<Result<engine::RunId>> fork(Loop& loop, engine::ForkRun fork) override;
  Task<Result<engine::RunId>> resume(Loop& loop, engine::RunId run,
                                     std::optional<NanoDollars> budget) override;
  Task<Result<engine::RunId>> ask(Loop& loop, WorkflowService::Step step);
  Result<engine::RunId> take(WorkflowService::Step step);
  Result<void> start_service();  // under mutex_

  const Clock& clock_;
  telemetry::Log& log_;
  const std::shared_ptr<const gateway::Snapshot> snapshot_;
  const std::string journal_;
  workflow::Surroundings around_;
  std::atomic<bool> closed_{false};

  // Held to start the service, to give it a run and to take it away: never by requests to models.
  std::mutex mutex_;
  std::optional<engine::GatewayModels::Options> access_;
  std::unique_ptr<WorkflowService> service_;  // null: nothing has begun here

  engine::RunArchive archive_;
  engine::WorkflowApi api_;
};

}  // namespace tidegate::cli
