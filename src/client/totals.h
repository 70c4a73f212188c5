// Totals: what a client's requests and attempts add up to. Any thread; a mutex guards the sums,
// which is taken once at the end of a request and once for each attempt.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "ledger/usage_record.h"
#include "tidegate/chat.h"
#include "tidegate/cost_summary.h"

namespace tidegate::client {

// Counts durations in steps of 1/128 of their size: percentiles are at most that much too high.
class LatencyCounts {
 public:
  void add(Duration duration);
  // The least bound that is not below `share` of all (nearest rank); zero without any.
  [[nodiscard]] Duration percentile(double share) const;
  [[nodiscard]] Duration mean() const;

 private:
  static constexpr unsigned kBits = 7;
  static constexpr std::size_t kSteps = (64 - kBits + 1) << kBits;
  static std::size_t step_of(std::uint64_t value);
  static std::uint64_t upper_bound(std::size_t step);

  std::array<std::uint64_t, kSteps> counts_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// What the attempts of one request came to.
struct Spent {
  Usage usage;
  NanoDollars cost;
  bool priced = true;
};

class Totals {
 public:
  void add(const ledger::UsageRecord& attempt);
  // Of the attempts of a request that has ended; once.
  [[nodiscard]] Spent take(const RequestId& request);
  void add(const ChatResult& end);
  [[nodiscard]] CostSummary summary() const;

 private:
  mutable std::mutex mutex_;
  CostSummary sums_;
  std::unordered_map<std::uint64_t, Spent> open_;  // by the random half of a request's id
  LatencyCounts latencies_;
};

}  // namespace tidegate::client
