#include <algorithm>
#include <utility>

#include "tidegate/acquire.h"

namespace tidegate {

Turn::Turn(std::span<RateLimiter* const> limiters, const Demand& demand, TimePoint deadline,
           Priority priority, WaitingLine::Wake wake)
    : count_(std::min(limiters.size(), kMaxNested)),
      demand_(demand),
      deadline_(deadline),
      priority_(priority),
      wake_(std::move(wake)) {
  std::copy_n(limiters.begin(), count_, limiters_.begin());
}

Turn::Look Turn::leave(std::expected<Reservation, Refusal> end) {
  place_.reset();
  return {std::move(end), {}};
}

Turn::Look Turn::look(TimePoint now) {
  for (;;) {
    if (place_ && !place_->first()) {
      if (now >= deadline_) return leave(std::unexpected(last_));
      return {std::nullopt, deadline_};
    }
    RateLimiter* const ahead = place_ ? limiters_[held_up_by_] : nullptr;
    std::expected<Reservation, Refusal> got = acquire_all(
        std::span<RateLimiter* const>(limiters_.data(), count_), demand_, now, priority_, ahead);
    if (got || got.error().never || now >= deadline_) return leave(std::move(got));
    last_ = got.error();
    if (place_ && last_.limiter == held_up_by_) {
      // Without a time of its own it is a running request that must end, and that wakes us.
      const TimePoint there = last_.retry_after == Duration{} ? deadline_ : now + last_.retry_after;
      return {std::nullopt, std::min(deadline_, there)};
    }
    // Another limit holds it up now: that one's line, and the next may go in the one it leaves.
    // Once in line it looks again, since what it needs may have come back in between.
    place_.reset();
    held_up_by_ = last_.limiter;
    place_ = limiters_[held_up_by_]->line().join(priority_, wake_);
    waited_ = true;
    if (!place_) {
      last_.line_full = true;
      return leave(std::unexpected(last_));
    }
  }
}

}  // namespace tidegate
