// Points in time. Deadlines use the steady clock; prices, records and logs use the wall clock.
// Whoever needs time takes a Clock, so that tests can stop and move it. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

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
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] WallTime wall() const override;
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

// "2026-10-01T12:00:00.123Z"
std::string format_rfc3339(WallTime at);
// "2026-10-01" and "2026-10-01T12:00:00Z" (fraction and offset allowed). False if it is neither.
bool parse_rfc3339(std::string_view text, WallTime& out);

}  // namespace tidegate
