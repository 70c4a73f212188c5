// DailyCost: admits money so that no 24 hours, wherever they begin, cost more than the limit.
//
// A bucket that refills all day would admit the limit at once and as much again while the day
// lasts. This is a sliding sum: what was taken is counted by the quarter of an hour, and leaves the
// sum when that quarter lies 24 hours back as a whole. Thread-safe, without locks; a decision is
// one compare-and-swap and one addition.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/token_bucket.h"

namespace tidegate {

class DailyCost {
 public:
  // limit: above zero.
  explicit DailyCost(NanoDollars limit) : limit_(limit.value) {}

  // Takes `amount`, 0 to limit, or says how long until it would be there.
  Admission take(std::int64_t amount, TimePoint now);
  // What take() would make one wait for.
  [[nodiscard]] Duration wait_for(std::int64_t amount, TimePoint now);
  // What was taken as `reserved` at `taken` turned out as `real`: less comes back where it was
  // taken, more is taken now, even beyond the limit.
  void settle(std::int64_t reserved, std::int64_t real, TimePoint taken, TimePoint now);

  [[nodiscard]] std::int64_t limit() const { return limit_; }
  [[nodiscard]] std::int64_t taken(TimePoint now);

 private:
  // The present quarter and the 96 before it.
  static constexpr std::int64_t kCounted = 97;
  // More than are counted, so that one is empty before it is used again.
  static constexpr std::size_t kQuarters = 128;

  [[nodiscard]] std::atomic<std::int64_t>& quarter(std::int64_t number) {
    return quarters_[static_cast<std::size_t>(number) % kQuarters];
  }
  std::int64_t advance(TimePoint now);

  const std::int64_t limit_;
  std::atomic<std::int64_t> sum_{0};
  std::atomic<std::int64_t> newest_{0};  // number of the quarter that the clock has come to
  std::array<std::atomic<std::int64_t>, kQuarters> quarters_{};
};

}  // namespace tidegate
