// A hashed timing wheel (Varghese and Lauck, scheme 6): arming and disarming are a few pointer
// writes, whatever the number of timers. Fires up to one tick (8.4 ms) late, never early.
// One per loop, never shared.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace tidegate {

// Embedded in whatever waits; must be disarmed before it is destroyed.
class Timer {
 public:
  using Fire = void (*)(void* owner);
  Timer(Fire fire, void* owner) : fire_(fire), owner_(owner) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { disarm(); }

  [[nodiscard]] bool armed() const { return next_ != nullptr; }
  void disarm() {
    if (next_ == nullptr) return;
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = nullptr;
  }

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;
  Timer* prev_ = nullptr;
  TimePoint deadline_{};
  Fire fire_;
  void* owner_;
};

class TimerWheel {
 public:
  explicit TimerWheel(TimePoint now);

  // kNever arms nothing.
  void arm(Timer& timer, TimePoint deadline);
  // Fires everything whose deadline lies in a tick before `now`'s.
  void advance(TimePoint now);
  // When advance() has something to look at next; kNever if no timer is armed.
  [[nodiscard]] TimePoint next_check();

 private:
  static constexpr unsigned kTickShift = 23;  // 2^23 ns = 8.4 ms
  static constexpr unsigned kSlots = 1024;    // one turn of the wheel is 8.6 s
  static std::uint64_t tick_of(TimePoint at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count()) >> kTickShift;
  }

  std::uint64_t done_;  // ticks before this one have been looked at
  std::array<Timer, kSlots> slots_;
  std::array<std::uint64_t, kSlots / 64> occupied_{};  // may say "yes" for a slot emptied since
};

}  // namespace tidegate
