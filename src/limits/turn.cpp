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
      const TimePoint until = last_.pending ? deadline_ + Slice::kPatience : deadline_;
      if (now >= until) return leave(std::unexpected(last_));
      return {std::nullopt, until};
    }
    RateLimiter* const ahead = place_ ? limiters_[held_up_by_] : nullptr;
    std::expected<Reservation, Refusal> got = acquire_all(
        std::span<RateLimiter* const>(limiters_.data(), count_), demand_, now, priority_, ahead);
    // Nobody is refused before those who share the limit had their time to say what is left of it.
    const bool pending = !got && got.error().pending;
    const TimePoint until = pending ? deadline_ + Slice::kPatience : deadline_;
    if (got || got.error().never || now >= until) return leave(std::move(got));
    last_ = got.error();
    if (place_ && last_.limiter == held_up_by_) {
      // Without a time of its own it is a running request that must end, or a slice that must come,
      // and that wakes us.
      const TimePoint there = last_.retry_after == Duration{} ? until : now + last_.retry_after;
      return {std::nullopt, std::min(until, there)};
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
