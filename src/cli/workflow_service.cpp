#include "cli/workflow_service.h"

namespace tidegate::cli {

WorkflowService::WorkflowService(const Clock& clock,
                                 std::shared_ptr<const gateway::Snapshot> snapshot,
                                 engine::GatewayModels::Options access, Place place)
    : clock_(clock),
      snapshot_(std::move(snapshot)),
      access_(std::move(access)),
      place_(std::move(place)),
      worker_(clock, "workflow") {}

Result<void> WorkflowService::start() {
  // Before its thread runs, so that there is nothing to wait for.
  parts_ = std::make_unique<WorkflowParts>(
      worker_.loop(), clock_, snapshot_,
      std::make_unique<engine::GatewayModels>(worker_.loop(), clock_, access_));
  if (auto opened = parts_->open(snapshot_->config.state, WorkflowParts::Requests::shared); !opened)
    return opened;
  resumer_.emplace(parts_->engine(), worker_.loop(), place_.archive, engine::Resumer::Options{},
                   [this](engine::RunId run, const std::string& why) {
                     place_.log.event(telemetry::Level::error, "workflow_run_held_up",
                                      {{"run", run.text()}, {"error", why}});
                   });
  helping_ = parts_->helping();
  worker_.start();
  started_ = true;
  post([this](WorkflowParts&) {
    resumer_->start();
    if (helping_ != nullptr) helping_->start();
  });
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
  Result<void> durable;
  std::string key;
  if (engine::Runner* const runner = parts.engine().find(*taken)) key = runner->key();
  if (engine::Journal* const journal = parts.engine().journal_of(*taken)) {
    durable = co_await journal->durable();
  }
  std::optional<engine::RunId> twin;
  if (!durable) twin = co_await parts.engine().twin_of(*taken, std::move(key));
  if (durable || twin) {
    told.set_value(twin.value_or(*taken));
  } else {
    told.set_value(std::unexpected(durable.error()));
  }
}

Task<void> WorkflowService::close(WorkflowService& service) {
  Loop& loop = service.worker_.loop();
  service.resumer_->stop();
  if (service.helping_ != nullptr) service.helping_->stop();
  const auto idle = [&] {
    return service.steps_.empty() && service.resumer_->idle() &&
           (service.helping_ == nullptr || service.helping_->idle());
  };
  while (!idle()) co_await loop.sleep_until(loop.now() + 10ms);
  co_await service.parts_->close();
  service.helping_.reset();
  service.resumer_.reset();
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
