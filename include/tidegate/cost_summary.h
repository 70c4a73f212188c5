// CostSummary: what a client's requests came to. Plain value, any thread.
#pragma once

#include <cstdint>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/usage.h"

namespace tidegate {

struct CostSummary {
  std::uint64_t requests = 0;  // that have ended
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t canceled = 0;  // by the program; neither of the two above
  std::uint64_t attempts = 0;  // at providers
  double success_rate = 0;     // succeeded of those that succeeded or failed; 0 without any

  // Of all attempts, failed ones included, as the providers reported them.
  Usage tokens;
  NanoDollars cost;
  std::uint64_t unpriced_attempts = 0;  // whose price is not known: not in `cost`
  NanoDollars cost_per_1000_requests;   // of all that have ended

  // From a request's start to its end, of those that succeeded, time in line included. The mean is
  // exact; percentiles (nearest rank) are at most 1 % too high and never too low.
  Duration mean{}, p50{}, p95{}, p99{};
};

}  // namespace tidegate
