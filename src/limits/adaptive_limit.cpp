#include "limits/adaptive_limit.h"

#include <algorithm>
#include <limits>

namespace tidegate::limits {
namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

}  // namespace

AdaptiveLimit::AdaptiveLimit(const Clock& clock, std::size_t max_waiting)
    : limiter_(RateLimiter::create({.max_concurrent = kUnlimited}, clock, max_waiting).value()),
      last_cut_((clock.now() - kOneSign).time_since_epoch().count()) {}

void AdaptiveLimit::set(std::int64_t scaled) {
  limiter_->set_max_concurrent(scaled == 0 ? kUnlimited
                                           : std::max<std::int64_t>(1, scaled / kScale));
}

void AdaptiveLimit::throttled(TimePoint now) {
  const std::int64_t at = now.time_since_epoch().count();
  std::int64_t last = last_cut_.load();
  if (at - last < Duration{kOneSign}.count() || !last_cut_.compare_exchange_strong(last, at))
    return;
  // What ran was too much: that counts, not what might have been allowed.
  const std::int64_t running = std::max<std::int64_t>(1, limiter_->in_use()) * kScale;
  const std::int64_t known = scaled_.load();
  const std::int64_t before = known == 0 ? running : std::min(known, running);
  const std::int64_t after = std::max(kScale, before * 7 / 10);
  scaled_.store(after);
  set(after);
}

void AdaptiveLimit::succeeded() {
  std::int64_t scaled = scaled_.load();
  // A limit that is not used says nothing about whether more would be too much.
  if (scaled == 0 || limiter_->in_use() * 2 * kScale < scaled) return;
  std::int64_t more = scaled + kScale * kScale / scaled;  // one more a round
  if (more >= kForget * kScale) more = 0;
  // Lost against another thread: it only grows less.
  if (scaled_.compare_exchange_strong(scaled, more)) set(more);
}

std::optional<std::int64_t> AdaptiveLimit::limit() const {
  const std::int64_t scaled = scaled_.load();
  if (scaled == 0) return std::nullopt;
  return std::max<std::int64_t>(1, scaled / kScale);
}

}  // namespace tidegate::limits
