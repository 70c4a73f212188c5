#include "routing/breaker.h"

#include <algorithm>

namespace tidegate::routing {

// until: milliseconds of the steady clock. open: when a probe may go. half_open: when the probe is
// given up for lost; 0: its slot is free.
struct Breaker::Word {
  BreakerState state = BreakerState::closed;
  std::uint32_t doublings = 0;
  std::uint32_t failures = 0;
  std::uint64_t until = 0;

  static constexpr std::uint32_t kMaxFailures = 0xFFF;

  static Word unpack(std::uint64_t bits) {
    return {static_cast<BreakerState>(bits & 3), static_cast<std::uint32_t>(bits >> 2 & 3),
            static_cast<std::uint32_t>(bits >> 4 & kMaxFailures), bits >> 16};
  }
  [[nodiscard]] std::uint64_t pack() const {
    return static_cast<std::uint64_t>(state) | std::uint64_t{doublings} << 2 |
           std::uint64_t{failures} << 4 | until << 16;
  }
};

namespace {

std::uint64_t milliseconds(TimePoint at) {
  return static_cast<std::uint64_t>(at.time_since_epoch() / 1ms);
}

}  // namespace

Breaker::Breaker(const config::Breaker& settings)
    : failures_to_open_(static_cast<std::uint32_t>(
          std::clamp(settings.failures, 1, static_cast<int>(Word::kMaxFailures)))),
      open_for_ms_(static_cast<std::uint64_t>(std::max<std::int64_t>(settings.open_for / 1ms, 1))) {
}

BreakerAdmission Breaker::admit(TimePoint now) {
  const std::uint64_t now_ms = milliseconds(now);
  std::uint64_t bits = word_.load(std::memory_order_relaxed);
  for (;;) {
    Word word = Word::unpack(bits);
    if (word.state == BreakerState::closed) return {};
    if (now_ms < word.until) {
      // While a probe is out nobody knows how long it takes; the shortest open time is a fair
      // guess.
      const std::uint64_t wait =
          word.state == BreakerState::open ? word.until - now_ms : open_for_ms_;
      return {.allowed = false, .retry_after = std::chrono::milliseconds(wait)};
    }
    word.state = BreakerState::half_open;
    word.until = now_ms + static_cast<std::uint64_t>(kProbeLease / 1ms);
    if (word_.compare_exchange_weak(bits, word.pack(), std::memory_order_relaxed)) {
      return {.allowed = true, .probe = true};
    }
  }
}

void Breaker::succeeded(const BreakerAdmission& admission) {
  std::uint64_t bits = word_.load(std::memory_order_relaxed);
  for (;;) {
    if (bits == 0) return;  // closed, no failures: the usual case writes nothing
    if (Word::unpack(bits).state != BreakerState::closed && !admission.probe) return;
    if (word_.compare_exchange_weak(bits, 0, std::memory_order_relaxed)) return;
  }
}

Duration Breaker::failed(const BreakerAdmission& admission, TimePoint now) {
  std::uint64_t bits = word_.load(std::memory_order_relaxed);
  for (;;) {
    Word word = Word::unpack(bits);
    if (word.state != BreakerState::closed && !admission.probe) return {};
    if (word.state == BreakerState::open) return {};
    if (word.failures < Word::kMaxFailures) ++word.failures;
    if (word.state == BreakerState::half_open) {
      word.doublings = std::min<std::uint32_t>(word.doublings + 1, kMaxDoublings);
    }
    if (word.state == BreakerState::half_open || word.failures >= failures_to_open_) {
      word.state = BreakerState::open;
      word.until = milliseconds(now) + (open_for_ms_ << word.doublings);
    }
    if (word_.compare_exchange_weak(bits, word.pack(), std::memory_order_relaxed)) {
      if (word.state != BreakerState::open) return {};
      return std::chrono::milliseconds(word.until - milliseconds(now));
    }
  }
}

void Breaker::open_until(TimePoint until) {
  const std::uint64_t until_ms = milliseconds(until);
  std::uint64_t bits = word_.load(std::memory_order_relaxed);
  for (;;) {
    Word word = Word::unpack(bits);
    // A probe that is out will tell more than anybody's news.
    if (word.state == BreakerState::half_open) return;
    if (word.state == BreakerState::open && word.until >= until_ms) return;
    word.state = BreakerState::open;
    word.until = until_ms;
    if (word_.compare_exchange_weak(bits, word.pack(), std::memory_order_relaxed)) return;
  }
}

void Breaker::ignored(const BreakerAdmission& admission) {
  if (!admission.probe) return;
  std::uint64_t bits = word_.load(std::memory_order_relaxed);
  for (;;) {
    Word word = Word::unpack(bits);
    if (word.state != BreakerState::half_open) return;
    word.until = 0;
    if (word_.compare_exchange_weak(bits, word.pack(), std::memory_order_relaxed)) return;
  }
}

BreakerState Breaker::state() const {
  return Word::unpack(word_.load(std::memory_order_relaxed)).state;
}

int Breaker::failures() const {
  return static_cast<int>(Word::unpack(word_.load(std::memory_order_relaxed)).failures);
}

Breakers::Breakers(std::size_t count, const config::Breaker& settings) {
  for (std::size_t i = 0; i < count; ++i) cells_.emplace_back(settings);
}

}  // namespace tidegate::routing
