// AdaptiveLimit: how many requests at a time a provider's model takes, found out by its own 429
// answers: additive increase, multiplicative decrease (RFC 5681, 3.1, for a sliding window of
// requests). No limit until the first 429. Shared by all workers; atomics alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "tidegate/rate_limiter.h"

namespace tidegate::limits {

class AdaptiveLimit {
 public:
  // Answers to requests of one burst come together; they are one sign, not many.
  static constexpr Duration kOneSign = 1s;
  // From here on the limit is taken as gone.
  static constexpr std::int64_t kForget = 10'000;

  explicit AdaptiveLimit(const Clock& clock, std::size_t max_waiting);

  // To be passed as one of an attempt's limiters.
  [[nodiscard]] RateLimiter& limiter() { return *limiter_; }

  void throttled(TimePoint now);  // the provider answered 429
  void succeeded();
  // Absent: none is known.
  [[nodiscard]] std::optional<std::int64_t> limit() const;

 private:
  static constexpr std::int64_t kScale = 1024;
  void set(std::int64_t scaled);

  std::unique_ptr<RateLimiter> limiter_;
  std::atomic<std::int64_t> scaled_{0};  // requests x kScale; 0: none is known
  std::atomic<std::int64_t> last_cut_;
};

}  // namespace tidegate::limits
