#include "cli/served_workflows.h"

#include <filesystem>
#include <future>
#include <utility>

#include "engine/sqlite_journal.h"

namespace tidegate::cli {
namespace {

constexpr Duration kPatience = 30s;  // with the engine, until it has begun a run

}  // namespace

ServedWorkflows::ServedWorkflows(const Clock& clock,
                                 std::shared_ptr<const gateway::Snapshot> snapshot)
    : clock_(clock),
      snapshot_(std::move(snapshot)),
      journal_(snapshot_->config.state.base() + ".workflows"),
      around_(surroundings_of(*snapshot_)),
      archive_([this] { return engine::open_journal_store(journal_); }),
      api_(archive_, this, [this] { return closed_.load(); }) {}

Result<void> ServedWorkflows::open(engine::GatewayModels::Options access) {
  const std::lock_guard lock(mutex_);
  access_.emplace(std::move(access));
  if (!std::filesystem::exists(journal_)) return {};
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
  auto service = std::make_unique<WorkflowService>(clock_, snapshot_, *access_, journal_);
  if (auto started = service->start(); !started) return started;
  service_ = std::move(service);
  return {};
}

Result<engine::RunId> ServedWorkflows::begin(engine::NewRun run) {
  std::promise<Result<engine::RunId>> begun;
  std::future<Result<engine::RunId>> answer = begun.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !access_) {
      return fail(ErrorCode::unavailable, "the gateway is starting or stopping");
    }
    if (service_ == nullptr) {
      if (auto started = start_service(); !started) return std::unexpected(started.error());
    }
    service_->begin(std::move(run), std::move(begun));
  }
  if (answer.wait_for(kPatience) == std::future_status::ready) return answer.get();
  return fail(ErrorCode::timeout, "the engine is busy; the run may begin yet");
}

Task<Result<engine::RunId>> ServedWorkflows::start(
    Loop& loop, std::shared_ptr<const workflow::Workflow> workflow, workflow::Map inputs,
    std::optional<NanoDollars> budget) {
  engine::NewRun run{
      .workflow = std::move(workflow), .inputs = std::move(inputs), .budget = budget};
  auto asking = archive_.ask<engine::RunId>(
      loop, [this, run = std::move(run)](engine::RunArchive::Access) mutable {
        return begin(std::move(run));
      });
  co_return co_await asking;
}

}  // namespace tidegate::cli
