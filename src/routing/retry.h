// When to try again and how often: backoff with full jitter, and a budget that keeps retries a
// share of the requests, so that a provider in trouble is not buried by them.
// retry_delay() is pure. RetryBudget is shared by all workers, no lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace tidegate::routing {

// The wait before retry number `retry` (from 1): uniform in [0, min(max, base * 2^(retry-1))].
// retry_after, when the provider named one, is the floor; up to `base` is added, so that those who
// were refused together do not return together. It may exceed `max`: compare with the deadline.
// random: 64 uniform bits.
[[nodiscard]] Duration retry_delay(int retry, Duration base, Duration max, std::uint64_t random,
                                   Duration retry_after = Duration{0});

class RetryBudget {
 public:
  static constexpr std::int64_t kReserve = 10;  // retries at the start, when nothing was earned
  static constexpr std::int64_t kMost = 100;    // retries that quiet times may save up
  // For gateways with little traffic: one retry a second is earned by time alone.
  static constexpr Duration kTrickle = 1s;

  // share: retries per request, 0.2 for 20 %.
  explicit RetryBudget(double share);

  void requested();  // once per client request
  // True: one retry may be made now.
  [[nodiscard]] bool try_retry(TimePoint now);
  [[nodiscard]] std::int64_t available() const;  // retries, for metrics

 private:
  static constexpr std::int64_t kUnit = 1000;  // one retry, in thousandths
  void earn(std::int64_t amount);

  std::int64_t earned_per_request_;
  std::atomic<std::int64_t> balance_{kReserve * kUnit};
  std::atomic<std::int64_t> trickled_until_{0};  // in steps of kTrickle of the steady clock
};

}  // namespace tidegate::routing
