#include "cli/served_workflows.h"

#include <future>
#include <utility>

#include "engine/journal_place.h"

namespace tidegate::cli {
namespace {

constexpr Duration kPatience = 30s;  // with the engine, until it has begun a run

}  // namespace

ServedWorkflows::ServedWorkflows(const Clock& clock,
                                 std::shared_ptr<const gateway::Snapshot> snapshot,
                                 telemetry::Log& log)
    : clock_(clock),
      log_(log),
      snapshot_(std::move(snapshot)),
      journal_(snapshot_->config.state.workflows),
      around_(agents::surroundings_of(*snapshot_)),
      archive_([this] { return engine::open_journal_store(journal_); }),
      api_(archive_, this, [this] { return closed_.load(); }) {}

Result<void> ServedWorkflows::open(engine::GatewayModels::Options access) {
  const std::lock_guard lock(mutex_);
  access_.emplace(std::move(access));
  if (!engine::journal_exists(journal_)) return {};
  return start_service();
}

void ServedWorkflows::close() {
  std::unique_ptr<WorkflowService> service;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    service = std::move(service_);
  }
  service.reset();  // waits for its thread, which first does what was posted
}

Result<void> ServedWorkflows::start_service() {
  auto service = std::make_unique<WorkflowService>(clock_, snapshot_, *access_,
                                                   WorkflowService::Place{archive_, log_});
  if (auto started = service->start(); !started) return started;
  service_ = std::move(service);
  return {};
}

Result<engine::RunId> ServedWorkflows::take(WorkflowService::Step step) {
  WorkflowService::Told told;
  std::future<Result<engine::RunId>> answer = told.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !access_) {
      return fail(ErrorCode::unavailable, "the gateway is starting or stopping");
    }
    if (service_ == nullptr) {
      if (auto started = start_service(); !started) return std::unexpected(started.error());
    }
    service_->take(std::move(step), std::move(told));
  }
  if (answer.wait_for(kPatience) == std::future_status::ready) return answer.get();
  return fail(ErrorCode::timeout, "the engine is busy; the run may begin yet, or go on");
}

// On the archive's thread, which may wait for the engine's.
Task<Result<engine::RunId>> ServedWorkflows::ask(Loop& loop, WorkflowService::Step step) {
  auto asking = archive_.ask<engine::RunId>(
      loop, [this, step = std::move(step)](engine::RunArchive::Access) mutable {
        return take(std::move(step));
      });
  co_return co_await asking;
}

Task<Result<engine::RunId>> ServedWorkflows::start(
    Loop& loop, std::shared_ptr<const workflow::Workflow> workflow, workflow::Map inputs,
    std::optional<NanoDollars> budget) {
  engine::NewRun run{
      .workflow = std::move(workflow), .inputs = std::move(inputs), .budget = budget};
  return ask(loop, [run = std::move(run)](engine::Engine& engine) mutable -> Result<engine::RunId> {
    auto begun = engine.begin(std::move(run), nullptr, {});
    if (!begun) return std::unexpected(std::move(begun.error()));
    return begun->id;
  });
}

Task<Result<engine::RunId>> ServedWorkflows::fork(Loop& loop, engine::ForkRun fork) {
  return ask(loop, [fork = std::move(fork)](engine::Engine& engine) mutable {
    return engine.fork(std::move(fork), nullptr, {});
  });
}

Task<Result<engine::RunId>> ServedWorkflows::resume(Loop& loop, engine::RunId run,
                                                    std::optional<NanoDollars> budget) {
  return ask(loop, [run, budget](engine::Engine& engine) -> Result<engine::RunId> {
    auto resumed = engine.resume(run, {.budget = budget});
    if (!resumed) return std::unexpected(std::move(resumed.error()));
    return run;
  });
}

}  // namespace tidegate::cli
