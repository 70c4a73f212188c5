#include "routing/retry.h"

#include <algorithm>
#include <cmath>

namespace tidegate::routing {
namespace {

// Uniform in [0, most].
Duration jitter(Duration most, std::uint64_t random) {
  if (most <= Duration{0}) return Duration{0};
  const auto bound = static_cast<unsigned __int128>(most.count()) + 1;
  return Duration{static_cast<std::int64_t>(bound * random >> 64)};
}

}  // namespace

Duration retry_delay(int retry, Duration base, Duration max, std::uint64_t random,
                     Duration retry_after) {
  if (retry_after > Duration{0}) return retry_after + jitter(std::min(base, max), random);
  Duration most = std::min(base, max);
  for (int i = 1; i < retry && most < max; ++i) most = most < max / 2 ? most * 2 : max;
  return jitter(most, random);
}

RetryBudget::RetryBudget(double share)
    : earned_per_request_(std::llround(std::clamp(share, 0.0, 1.0) * kUnit)) {}

void RetryBudget::earn(std::int64_t amount) {
  std::int64_t balance = balance_.load(std::memory_order_relaxed);
  while (balance < kMost * kUnit &&
         !balance_.compare_exchange_weak(balance, std::min(balance + amount, kMost * kUnit),
                                         std::memory_order_relaxed)) {
  }
}

void RetryBudget::requested() { earn(earned_per_request_); }

bool RetryBudget::try_retry(TimePoint now) {
  const std::int64_t step = now.time_since_epoch() / kTrickle;
  std::int64_t until = trickled_until_.load(std::memory_order_relaxed);
  if (step > until &&
      trickled_until_.compare_exchange_strong(until, step, std::memory_order_relaxed)) {
    // At most the reserve, and nothing at the first call, which knows no earlier time.
    const std::int64_t steps = until == 0 ? 0 : std::min(step - until, kReserve);
    if (balance_.load(std::memory_order_relaxed) < kReserve * kUnit) earn(steps * kUnit);
  }
  std::int64_t balance = balance_.load(std::memory_order_relaxed);
  while (balance >= kUnit) {
    if (balance_.compare_exchange_weak(balance, balance - kUnit, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

std::int64_t RetryBudget::available() const {
  return balance_.load(std::memory_order_relaxed) / kUnit;
}

}  // namespace tidegate::routing
