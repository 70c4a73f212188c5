#include "budgets/period.h"

namespace tidegate::budgets {
namespace {

using namespace std::chrono;
using config::BudgetPer;

constexpr int kLengthBits = 24;  // 194 days; a month has 31

std::int64_t second_of(WallTime at) { return floor<seconds>(at).time_since_epoch().count(); }

struct Dates {
  local_days first, next;
};

Dates dates_of(BudgetPer per, local_days date) {
  if (per == BudgetPer::day) return {date, date + days{1}};
  if (per == BudgetPer::week) {
    const local_days monday = date - (weekday{date} - Monday);
    return {monday, monday + days{7}};
  }
  const year_month_day day{date};
  const year_month month = day.year() / day.month();
  return {local_days{month / 1}, local_days{(month + months{1}) / 1}};
}

}  // namespace

Period period_of(BudgetPer per, const TimeZone& zone, WallTime at) {
  if (per == BudgetPer::total) return {WallTime{}, WallTime::max()};
  Dates dates = dates_of(per, zone.day(at));
  // Where the clocks go back over midnight, a date is shown twice and begins the second time.
  if (at < zone.start(dates.first)) dates = dates_of(per, dates.first - days{1});
  return {zone.start(dates.first), zone.start(dates.next)};
}

PeriodClock::Span PeriodClock::span_of(std::int64_t second) const {
  const std::uint64_t latest = latest_.load(std::memory_order_relaxed);
  Span span{static_cast<std::int64_t>(latest >> kLengthBits),
            static_cast<std::int64_t>(latest & ((1u << kLengthBits) - 1))};
  if (span.has(second)) return span;
  const Period period = at(WallTime{seconds{second}});
  span.begin = second_of(period.begin);
  span.length = second_of(period.end) - span.begin;
  // A clock before 1970 is not worth remembering.
  if (span.begin >= 0) {
    latest_.store(static_cast<std::uint64_t>(span.begin) << kLengthBits |
                      static_cast<std::uint64_t>(span.length),
                  std::memory_order_relaxed);
  }
  return span;
}

std::int64_t PeriodClock::begin_at(WallTime moment) const {
  return per_ == BudgetPer::total ? 0 : span_of(second_of(moment)).begin;
}

bool PeriodClock::is_in_period_of(WallTime moment, WallTime now) const {
  return per_ == BudgetPer::total || span_of(second_of(now)).has(second_of(moment));
}

}  // namespace tidegate::budgets
