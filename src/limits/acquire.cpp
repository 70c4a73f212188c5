#include "tidegate/acquire.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace tidegate {

std::expected<Reservation, Refusal> acquire_for(RateLimiter& limiter, const Demand& demand,
                                                Duration patience, Priority priority) {
  RateLimiter* const self = &limiter;
  const Clock& clock = limiter.clock();
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  Turn turn({&self, 1}, demand, clock.now() + patience, priority, [&] {
    const std::lock_guard lock(mutex);
    woken = true;
    changed.notify_one();
  });
  for (;;) {
    Turn::Look look = turn.look(clock.now());
    if (look.end) return std::move(*look.end);
    std::unique_lock lock(mutex);
    changed.wait_for(lock, look.again - clock.now(), [&] { return woken; });
    woken = false;
  }
}

// Owned by the awaiter; what the scheduler still holds of it when that is gone does nothing.
struct Acquiring::Waiter : std::enable_shared_from_this<Waiter> {
  Waiter(std::span<RateLimiter* const> limiters, const Demand& demand, TimePoint deadline,
         Scheduler& on, Priority priority)
      : scheduler(on),
        turn(limiters, demand, deadline, priority, [this] { call_at(TimePoint{}); }) {}

  void call_at(TimePoint at) {
    scheduler.run_at(at, [weak = weak_from_this()] {
      if (const std::shared_ptr<Waiter> self = weak.lock()) self->run();
    });
  }

  // False: it must wait.
  bool look() {
    const TimePoint now = scheduler.now();
    Turn::Look looked = turn.look(now);
    end = std::move(looked.end);
    if (end) return true;
    // An alarm that rings earlier looks again by itself.
    if (alarm <= now || looked.again < alarm) call_at(alarm = looked.again);
    return false;
  }

  void run() {
    if (handle && look()) std::exchange(handle, nullptr).resume();
  }

  Scheduler& scheduler;
  TimePoint alarm{};
  std::optional<std::expected<Reservation, Refusal>> end;
  std::coroutine_handle<> handle;
  Turn turn;
};

Acquiring::Acquiring(std::span<RateLimiter* const> limiters, const Demand& demand,
                     TimePoint deadline, Scheduler& scheduler, Priority priority)
    : waiter_(std::make_shared<Waiter>(limiters, demand, deadline, scheduler, priority)) {}

bool Acquiring::await_ready() { return waiter_->look(); }

void Acquiring::await_suspend(std::coroutine_handle<> waiter) { waiter_->handle = waiter; }

std::expected<Reservation, Refusal> Acquiring::await_resume() { return std::move(*waiter_->end); }

}  // namespace tidegate
