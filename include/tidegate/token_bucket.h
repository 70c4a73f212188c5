// Token bucket: admits `rate` tokens per second on average and up to `capacity` at once.
//
// The state is one 64-bit word, the theoretical arrival time of the generic cell rate algorithm
// (ITU-T I.371), so a decision is one compare-and-swap and never blocks. Thread-safe.
//
// Time is counted in what it earns: an integer number of parts of a token. Taking and giving back
// is therefore exact, and reading the clock rounds by less than one part, whatever the rate; no
// error adds up. The clock is the steady one; a `now` before an earlier one admits less, never
// more.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/error.h"

namespace tidegate {

struct Admission {
  bool admitted = false;
  bool pending = false;  // not known yet: those who share the bound are being asked (slice.h)
  Duration wait{};       // if not admitted: until it would be, if nobody else takes anything
};
static_assert(sizeof(Admission) == 16, "it is returned in registers");

class TokenBucket {
 public:
  static constexpr double kMinRate = 1e-6;
  static constexpr double kMaxRate = 5e9;
  static constexpr Tokens kMaxCapacity = 1'000'000'000'000'000;

  // rate: tokens per second. capacity: the largest burst, at least 1. It begins full.
  static Result<TokenBucket> create(double rate, Tokens capacity);
  // Only before it is shared.
  TokenBucket(TokenBucket&& other) noexcept;

  // Takes `n` tokens now, or says how long until they would be there.
  // An `n` above the capacity can never be admitted: ErrorCode::too_large.
  Result<Admission> try_acquire(Tokens n, TimePoint now);

  // The same for those who know that 0 <= n <= capacity().
  Admission take(Tokens n, TimePoint now);
  // Takes `n` tokens even if they are not there: the debt is earned back before anything is
  // admitted again.
  void charge(Tokens n, TimePoint now);
  // Gives back what was taken or charged.
  void refund(Tokens n);

  [[nodiscard]] Tokens capacity() const { return capacity_ >> fraction_bits_; }
  // Until `n` tokens would be admitted, if nobody else takes anything.
  [[nodiscard]] Duration wait_for(Tokens n, TimePoint now) const;
  // Negative: a debt.
  [[nodiscard]] Tokens available(TimePoint now) const {
    const Parts ahead = std::max<Parts>(taken_.load() - earned_at(now), 0);
    return (capacity_ - ahead) >> fraction_bits_;
  }
  [[nodiscard]] Duration until_full(TimePoint now) const;

 private:
  using Parts = std::int64_t;  // 2^-fraction_bits_ of a token
  static constexpr std::int64_t kMaxElapsed = std::int64_t{1} << 59;
  static constexpr Parts kMaxParts = Parts{1} << 60;

  TokenBucket(double rate, Tokens capacity);
  [[nodiscard]] static int fraction_bits(double rate, Tokens capacity);
  [[nodiscard]] Parts earned_at(TimePoint now) const {
    const std::int64_t elapsed =
        std::clamp<std::int64_t>(now.time_since_epoch().count(), 0, kMaxElapsed);
    __extension__ using Wide = unsigned __int128;
    return static_cast<Parts>((static_cast<Wide>(elapsed) * multiplier_) >> shift_);
  }
  [[nodiscard]] Parts parts_of(Tokens n) const;
  [[nodiscard]] Duration time_to_earn(Parts parts) const;

  // Everything taken so far, counted from the clock's epoch as if the bucket had then been empty;
  // what it lags behind earned_at(now) has been forgotten, since the bucket was full.
  std::atomic<Parts> taken_{0};
  Parts capacity_;
  std::uint64_t multiplier_;  // parts per nanosecond = multiplier_ / 2^shift_
  std::uint8_t shift_;
  std::uint8_t fraction_bits_;
  double nanoseconds_per_part_;
};

}  // namespace tidegate
