#include "limits/output_estimate.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tidegate::limits {
namespace {

constexpr double kQuantile = 0.9;
constexpr std::size_t kPerDoubling = 4;
// How often the quantile is worked out anew.
constexpr std::uint32_t kEvery = 20;

// The logarithm, as a number of kPerDoubling for each doubling, rounded up.
std::size_t bucket_of(Tokens output) {
  const auto number = static_cast<std::uint64_t>(output);
  const int doublings = 63 - std::countl_zero(number);
  // From 1 to 2, in parts of 2^32.
  const std::uint64_t rest = number << std::countl_zero(number) >> 31;
  auto bucket = static_cast<std::size_t>(doublings) * kPerDoubling;
  // 2 to the power of 0, 1/4, 1/2 and 3/4.
  for (const std::uint64_t below : {0x1'0000'0000u, 0x1'306f'e0a3u, 0x1'6a09'e667u, 0x1'ae89'f995u})
    bucket += rest > below ? 1 : 0;
  return bucket;
}

}  // namespace

void OutputEstimate::learn(Tokens output) {
  if (output <= 0) return;
  answers_[std::min(bucket_of(output), kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t seen = seen_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (seen >= kFirst && seen % kEvery == 0) work_out(seen);
}

void OutputEstimate::work_out(std::uint32_t seen) {
  std::uint32_t all = 0;
  for (const auto& answers : answers_) all += answers.load(std::memory_order_relaxed);
  const auto wanted = static_cast<std::uint32_t>(std::ceil(all * kQuantile));
  std::uint32_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += answers_[i].load(std::memory_order_relaxed);
    if (below < wanted) continue;
    const double upper = std::exp2(static_cast<double>(i) / double{kPerDoubling});
    estimate_.store(static_cast<Tokens>(std::ceil(upper)), std::memory_order_relaxed);
    break;
  }
  if (seen < kRemembered) return;
  // What was long ago counts less and less.
  for (auto& answers : answers_) {
    answers.store(answers.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
  }
  seen_.store(kRemembered / 2, std::memory_order_relaxed);
}

}  // namespace tidegate::limits
