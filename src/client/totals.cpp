#include "client/totals.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tidegate::client {
// The leading bit chooses a power of two, the kBits after it a step within; what is smaller than
// one step of 1 has a step for each value.
std::size_t LatencyCounts::step_of(std::uint64_t value) {
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kBits) return static_cast<std::size_t>(value);
  const unsigned shift = width - kBits - 1;
  return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t LatencyCounts::upper_bound(std::size_t step) {
  if (step < (1u << kBits)) return step;
  const std::size_t shift = (step >> kBits) - 1;
  return ((step - (shift << kBits) + 1) << shift) - 1;
}

void LatencyCounts::add(Duration duration) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  ++counts_[step_of(value)];
  ++count_;
  sum_ += static_cast<double>(value);
}

Duration LatencyCounts::percentile(double share) const {
  if (count_ == 0) return {};
  const auto rank = static_cast<std::uint64_t>(
      std::clamp(std::ceil(share * static_cast<double>(count_)), 1.0, static_cast<double>(count_)));
  std::uint64_t below = 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    below += counts_[step];
    if (below >= rank) return Duration(static_cast<std::int64_t>(upper_bound(step)));
  }
  return {};
}

Duration LatencyCounts::mean() const {
  if (count_ == 0) return {};
  return Duration(std::llround(sum_ / static_cast<double>(count_)));
}

void Totals::add(const ledger::UsageRecord& attempt) {
  const std::lock_guard lock(mutex_);
  ++sums_.attempts;
  sums_.tokens += attempt.usage;
  Spent& spent = open_[attempt.request.low()];
  spent.usage += attempt.usage;
  if (attempt.cost) {
    sums_.cost += *attempt.cost;
    spent.cost += *attempt.cost;
  } else {
    ++sums_.unpriced_attempts;
    spent.priced = false;
  }
}

Spent Totals::take(const RequestId& request) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(request.low());
  if (found == open_.end()) return {};
  const Spent spent = found->second;
  open_.erase(found);
  return spent;
}

void Totals::add(const ChatResult& end) {
  const std::lock_guard lock(mutex_);
  ++sums_.requests;
  if (end) {
    ++sums_.succeeded;
    latencies_.add(end->timings.total);
  } else if (end.error().failure == FailureClass::canceled) {
    ++sums_.canceled;
  } else {
    ++sums_.failed;
  }
}

CostSummary Totals::summary() const {
  const std::lock_guard lock(mutex_);
  CostSummary summary = sums_;
  const std::uint64_t judged = summary.succeeded + summary.failed;
  if (judged != 0) {
    summary.success_rate = static_cast<double>(summary.succeeded) / static_cast<double>(judged);
  }
  if (summary.requests != 0) {
    // In 128 bits, since a cost of 10 million USD times 1,000 does not fit 64.
    const auto thousandfold = static_cast<__int128>(summary.cost.value) * 1000;
    summary.cost_per_1000_requests = {
        static_cast<std::int64_t>(thousandfold / static_cast<__int128>(summary.requests))};
  }
  summary.mean = latencies_.mean();
  summary.p50 = latencies_.percentile(0.50);
  summary.p95 = latencies_.percentile(0.95);
  summary.p99 = latencies_.percentile(0.99);
  return summary;
}

}  // namespace tidegate::client
