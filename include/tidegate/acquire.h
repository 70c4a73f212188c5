// Waiting for limits: first come first served, until a deadline, without polling. The first in line
// sleeps until what it needs is there, the others until it is their turn.
//
//   auto got = acquire_for(*limiter, {.input = 1200, .output = 800}, 5s);             // a thread
//   auto got = co_await acquire({&limiter, 1}, demand, deadline, scheduler);          // a
//   coroutine
//
// Turn is what both are made of, for those who sleep in a way of their own.
#pragma once

#include <array>
#include <coroutine>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "tidegate/rate_limiter.h"

namespace tidegate {

// One request that wants to pass nested limits, and its place in the line of the one that holds it
// up. Used by one thread at a time; only `wake` is called by others.
class Turn {
 public:
  // `wake`: see WaitingLine::Wake. It says that look() may give another answer than before.
  Turn(std::span<RateLimiter* const> limiters, const Demand& demand, TimePoint deadline,
       Priority priority, WaitingLine::Wake wake);

  struct Look {
    // Absent: wait until `again`, or until woken, and look again.
    std::optional<std::expected<Reservation, Refusal>> end;
    TimePoint again{};
  };
  [[nodiscard]] Look look(TimePoint now);
  // Whether it ever had to wait.
  [[nodiscard]] bool waited() const { return waited_; }

 private:
  [[nodiscard]] Look leave(std::expected<Reservation, Refusal> end);

  std::array<RateLimiter*, kMaxNested> limiters_{};
  std::size_t count_;
  Demand demand_;
  TimePoint deadline_;
  Priority priority_;
  WaitingLine::Wake wake_;
  std::size_t held_up_by_ = 0;  // of limiters_, whose line it stands in
  std::unique_ptr<WaitingLine::Place> place_;
  Refusal last_;
  bool waited_ = false;
};

// Blocks the calling thread, at most for `patience`.
std::expected<Reservation, Refusal> acquire_for(RateLimiter& limiter, const Demand& demand,
                                                Duration patience,
                                                Priority priority = Priority::interactive);

// What a coroutine waits with: the timer of the loop that it runs on.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Runs `work` on the loop's thread at `at`, or soon if that is past. Called by any thread, at
  // times under a lock of the limiter: it must not run `work` at once.
  virtual void run_at(TimePoint at, std::function<void()> work) = 0;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

// co_await gives std::expected<Reservation, Refusal>. A coroutine that is destroyed while it waits
// leaves the line.
class [[nodiscard]] Acquiring {
 public:
  Acquiring(std::span<RateLimiter* const> limiters, const Demand& demand, TimePoint deadline,
            Scheduler& scheduler, Priority priority);

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  std::expected<Reservation, Refusal> await_resume();

 private:
  struct Waiter;
  std::shared_ptr<Waiter> waiter_;
};

// The limiters and the scheduler must outlive the wait.
inline Acquiring acquire(std::span<RateLimiter* const> limiters, const Demand& demand,
                         TimePoint deadline, Scheduler& scheduler,
                         Priority priority = Priority::interactive) {
  return {limiters, demand, deadline, scheduler, priority};
}

}  // namespace tidegate
