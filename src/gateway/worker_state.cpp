#include "gateway/worker_state.h"

namespace tidegate::gateway {

WorkerState::WorkerState(Loop& on, Resolver& dns, SharedState& state, telemetry::Log& log)
    : loop(on),
      resolver(dns),
      shared(state),
      cells(state.registry.make_cells()),
      requests_(log),
      flush_timer_([](void* self) { static_cast<WorkerState*>(self)->flush_log(); }, this) {
  if (state.keys != nullptr) keys.emplace(*state.keys);
}

void WorkerState::log(const telemetry::RequestLine& line) {
  requests_.append(line, loop.now());
  if (!flush_timer_.armed()) loop.arm(flush_timer_, requests_.due());
}

void WorkerState::flush_log() { requests_.flush(); }

void WorkerState::use(std::shared_ptr<const Snapshot> next) {
  memos.profile = {};
  pools_.clear();
  for (const ProviderRuntime& provider : next->providers) {
    auto& pool = all_pools_[provider.endpoint.pool_key()];
    if (pool == nullptr) {
      pool = std::make_unique<http::ClientPool>(loop, resolver, provider.endpoint, provider.tls);
    }
    pools_.push_back(pool.get());
  }
  snapshot = std::move(next);
}

}  // namespace tidegate::gateway
