// Points in time. Deadlines use the steady clock; prices, records and logs use the wall clock.
// Whoever needs time takes a Clock, so that tests can stop and move it. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tidegate {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Nanoseconds since 1970-01-01 UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// Stands still until it is moved.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime wall = WallTime{1'780'000'000s}) : wall_start_(wall) {}
  [[nodiscard]] TimePoint now() const override { return TimePoint{} + Duration{elapsed_.load()}; }
  [[nodiscard]] WallTime wall() const override { return wall_start_ + Duration{elapsed_.load()}; }
  void advance(Duration by) { elapsed_ += by.count(); }

 private:
  WallTime wall_start_;
  std::atomic<std::int64_t> elapsed_{0};
};

}  // namespace tidegate
