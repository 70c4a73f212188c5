#include "limits/daily_cost.h"

#include <algorithm>

namespace tidegate {
namespace {

constexpr std::int64_t kQuarter = 900'000'000'000;  // nanoseconds

std::int64_t number_of(TimePoint at) {
  return std::max<std::int64_t>(at.time_since_epoch().count(), 0) / kQuarter;
}

}  // namespace

// Brings the sum up to `now`. Each quarter is left behind by one thread alone.
std::int64_t DailyCost::advance(TimePoint now) {
  const std::int64_t number = number_of(now);
  std::int64_t newest = newest_.load(std::memory_order_relaxed);
  if (newest == 0 && number > 0 && sum_.load() == 0 &&
      newest_.compare_exchange_strong(newest, number)) {
    return number;  // the first one that is asked for
  }
  while (newest < number) {
    if (!newest_.compare_exchange_weak(newest, newest + 1)) continue;
    ++newest;
    if (newest >= kCounted) sum_.fetch_sub(quarter(newest - kCounted).exchange(0));
  }
  return number;
}

Admission DailyCost::take(std::int64_t amount, TimePoint now) {
  const std::int64_t number = advance(now);
  std::int64_t sum = sum_.load();
  do {
    if (amount > limit_ - sum) return {.wait = wait_for(amount, now)};
  } while (!sum_.compare_exchange_weak(sum, sum + amount));
  quarter(number).fetch_add(amount);
  return {.admitted = true};
}

Duration DailyCost::wait_for(std::int64_t amount, TimePoint now) {
  const std::int64_t number = advance(now);
  std::int64_t missing = sum_.load() + amount - limit_;
  if (missing <= 0) return {};
  std::int64_t last = std::max<std::int64_t>(number - kCounted + 1, 0);
  for (; last < number; ++last) {
    missing -= quarter(last).load(std::memory_order_relaxed);
    if (missing <= 0) break;
  }
  return Duration{(last + kCounted) * kQuarter} - now.time_since_epoch();
}

void DailyCost::settle(std::int64_t reserved, std::int64_t real, TimePoint taken, TimePoint now) {
  const std::int64_t more = real - reserved;
  const std::int64_t number = advance(now);
  const std::int64_t from = more > 0 ? number : number_of(taken);
  if (more == 0 || from + kCounted <= number) return;  // it has left the sum already
  sum_.fetch_add(more);
  quarter(from).fetch_add(more);
}

std::int64_t DailyCost::taken(TimePoint now) {
  advance(now);
  return sum_.load();
}

}  // namespace tidegate
