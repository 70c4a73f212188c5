// Period: the day, week or month that a moment belongs to, on the calendar of a time zone.
// PeriodClock finds it quickly for one moment after another. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "base/time_zone.h"
#include "config/config.h"

namespace tidegate::budgets {

struct Period {
  WallTime begin;
  WallTime end;  // exclusive; WallTime::max(): none

  [[nodiscard]] bool has_end() const { return end != WallTime::max(); }
  bool operator==(const Period&) const = default;
};

// Weeks begin on Monday. The period of `total` begins in 1970 and does not end.
[[nodiscard]] Period period_of(config::BudgetPer per, const TimeZone& zone, WallTime at);

class PeriodClock {
 public:
  PeriodClock(config::BudgetPer per, TimeZone zone) : per_(per), zone_(std::move(zone)) {}

  [[nodiscard]] Period at(WallTime moment) const { return period_of(per_, zone_, moment); }
  // The same period's begin in seconds since 1970: what it is known by.
  [[nodiscard]] std::int64_t begin_at(WallTime moment) const;
  // Whether `moment` is in the same period as `now`.
  [[nodiscard]] bool is_in_period_of(WallTime moment, WallTime now) const;
  [[nodiscard]] const TimeZone& zone() const { return zone_; }

 private:
  const config::BudgetPer per_;
  const TimeZone zone_;
  struct Span {
    std::int64_t begin = 0, length = 0;  // seconds
    [[nodiscard]] bool has(std::int64_t second) const {
      return second >= begin && second < begin + length;
    }
  };
  [[nodiscard]] Span span_of(std::int64_t second) const;

  // The span of the last moment that was asked for, as one word: its begin, and in the last 24 bits
  // its length.
  mutable std::atomic<std::uint64_t> latest_{0};
};

}  // namespace tidegate::budgets
