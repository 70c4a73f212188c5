// OutputEstimate: how long a model's answers are, so that a request reserves what it is likely to
// use and not the most that it might: nine of ten answers are no longer. Shared by all workers;
// relaxed atomics, and what is lost in a race is only learned later.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/money.h"

namespace tidegate::limits {

class OutputEstimate {
 public:
  // Until so many answers were seen nothing is known.
  static constexpr std::uint32_t kFirst = 20;

  void learn(Tokens output);
  // Zero: not known yet.
  [[nodiscard]] Tokens tokens() const { return estimate_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kBuckets = 100;  // four for each doubling, up to 2^25
  static constexpr std::uint32_t kRemembered = 1000;
  void work_out(std::uint32_t seen);

  std::array<std::atomic<std::uint32_t>, kBuckets> answers_{};
  std::atomic<std::uint32_t> seen_{0};
  std::atomic<Tokens> estimate_{0};
};

}  // namespace tidegate::limits
