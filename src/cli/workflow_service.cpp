#include "cli/workflow_service.h"

namespace tidegate::cli {

WorkflowService::WorkflowService(const Clock& clock,
                                 std::shared_ptr<const gateway::Snapshot> snapshot,
                                 engine::GatewayModels::Options access, std::string journal_path)
    : clock_(clock),
      snapshot_(std::move(snapshot)),
      access_(std::move(access)),
      journal_path_(std::move(journal_path)),
      worker_(clock, "workflow") {}

Result<void> WorkflowService::start() {
  // Before its thread runs, so that there is nothing to wait for.
  parts_ = std::make_unique<WorkflowParts>(
      worker_.loop(), clock_, snapshot_,
      std::make_unique<engine::GatewayModels>(worker_.loop(), clock_, access_));
  if (auto opened = parts_->open(journal_path_); !opened) return opened;
  worker_.start();
  started_ = true;
  post([](WorkflowParts& parts) { (void)parts.engine().resume_all({}); });
  return {};
}

void WorkflowService::post(std::move_only_function<void(WorkflowParts&)> work) {
  worker_.loop().post([this, work = std::move(work)]() mutable { work(*parts_); });
}

void WorkflowService::take(Step step, Told told) {
  post([this, step = std::move(step), told = std::move(told)](WorkflowParts& parts) mutable {
    steps_.spawn(take_durably(parts, std::move(step), std::move(told)));
  });
}

Task<void> WorkflowService::take_durably(WorkflowParts& parts, Step step, Told told) {
  const Result<engine::RunId> taken = step(parts.engine());
  if (!taken) {
    told.set_value(std::unexpected(taken.error()));
    co_return;
  }
  const Result<void> durable = co_await parts.engine().journal().durable();
  if (durable) {
    told.set_value(*taken);
  } else {
    told.set_value(std::unexpected(durable.error()));
  }
}

Task<void> WorkflowService::close(WorkflowService& service) {
  Loop& loop = service.worker_.loop();
  while (!service.steps_.empty()) co_await loop.sleep_until(loop.now() + 10ms);
  co_await service.parts_->close();
  service.parts_.reset();
}

WorkflowService::~WorkflowService() {
  if (!started_) return;
  std::promise<void> closed;
  const auto then_tell = [](WorkflowService& service, std::promise<void>& told) -> Task<void> {
    co_await close(service);
    told.set_value();
  };
  worker_.loop().post([&] { closing_.spawn(then_tell(*this, closed)); });
  closed.get_future().wait();
  worker_.stop_and_join();
}

}  // namespace tidegate::cli
