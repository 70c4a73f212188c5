#include "tidegate/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace tidegate {
namespace {

// With the bounds of the header every sum stays below 2^63: a clock of 2^59 ns (18 years since the
// machine started) at 8 parts a nanosecond has earned 2^62, and no debt is counted above 2^60.
constexpr double kMaxPartsPerSecond = 8e9;
constexpr int kMaxFractionBits = 40;

// After a lost race: the winner keeps the cache line for some more decisions, where two that try at
// once would send it to and fro for each.
void step_aside() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

int TokenBucket::fraction_bits(double rate, Tokens capacity) {
  const double by_rate = std::log2(kMaxPartsPerSecond / rate);
  const double by_capacity =
      std::log2(static_cast<double>(kMaxParts) / static_cast<double>(capacity));
  return static_cast<int>(
      std::min({std::floor(by_rate), std::floor(by_capacity), double{kMaxFractionBits}}));
}

Result<TokenBucket> TokenBucket::create(double rate, Tokens capacity) {
  // Written so that NaN fails.
  if (!(rate >= kMinRate && rate <= kMaxRate)) {
    return fail(
        ErrorCode::invalid,
        "a rate of " + std::to_string(rate) + " tokens a second; expected 0.000001 to 5000000000",
        "rate");
  }
  if (capacity < 1 || capacity > kMaxCapacity) {
    return fail(ErrorCode::invalid,
                "a capacity of " + std::to_string(capacity) + " tokens; expected 1 to " +
                    std::to_string(kMaxCapacity),
                "capacity");
  }
  return TokenBucket(rate, capacity);
}

TokenBucket::TokenBucket(double rate, Tokens capacity)
    : fraction_bits_(static_cast<std::uint8_t>(fraction_bits(rate, capacity))) {
  capacity_ = capacity << fraction_bits_;
  const double parts_per_nanosecond = std::ldexp(rate, fraction_bits_) / 1e9;
  int exponent = 0;
  const double mantissa = std::frexp(parts_per_nanosecond, &exponent);  // 0.5 to 1
  multiplier_ = static_cast<std::uint64_t>(std::ldexp(mantissa, 64));
  shift_ = static_cast<std::uint8_t>(64 - exponent);
  nanoseconds_per_part_ = 1 / parts_per_nanosecond;
}

TokenBucket::TokenBucket(TokenBucket&& other) noexcept
    : taken_(other.taken_.load()),
      capacity_(other.capacity_),
      multiplier_(other.multiplier_),
      shift_(other.shift_),
      fraction_bits_(other.fraction_bits_),
      nanoseconds_per_part_(other.nanoseconds_per_part_) {}

TokenBucket::Parts TokenBucket::parts_of(Tokens n) const {
  return n > (kMaxParts >> fraction_bits_) ? kMaxParts : n << fraction_bits_;
}

Duration TokenBucket::time_to_earn(Parts parts) const {
  // One nanosecond more, since the clock's reading is rounded down when it is turned into parts.
  const double nanoseconds = std::ceil(static_cast<double>(parts) * nanoseconds_per_part_) + 1;
  return Duration{static_cast<std::int64_t>(std::min(nanoseconds, double{kMaxElapsed}))};
}

Result<Admission> TokenBucket::try_acquire(Tokens n, TimePoint now) {
  if (n < 0) return fail(ErrorCode::invalid, "a negative number of tokens was asked for");
  if (n > capacity()) {
    return fail(ErrorCode::too_large, std::to_string(n) + " tokens are more than the " +
                                          std::to_string(capacity()) +
                                          " that the bucket holds at most; ask for fewer");
  }
  return take(n, now);
}

Admission TokenBucket::take(Tokens n, TimePoint now) {
  const Parts earned = earned_at(now);
  const Parts parts = n << fraction_bits_;
  Parts taken = taken_.load();
  for (;;) {
    const Parts after = std::max(taken, earned) + parts;
    if (const Parts missing = after - earned - capacity_; missing > 0) {
      return {.wait = time_to_earn(missing)};
    }
    if (taken_.compare_exchange_weak(taken, after)) return {.admitted = true};
    step_aside();
    taken = taken_.load();
  }
}

Duration TokenBucket::wait_for(Tokens n, TimePoint now) const {
  const Parts ahead = std::max<Parts>(taken_.load() - earned_at(now), 0);
  const Parts missing = ahead + (n << fraction_bits_) - capacity_;
  return missing <= 0 ? Duration{} : time_to_earn(missing);
}

void TokenBucket::charge(Tokens n, TimePoint now) {
  const Parts earned = earned_at(now);
  const Parts parts = parts_of(n);
  Parts taken = taken_.load();
  Parts after = 0;
  do {
    after = std::min(std::max(taken, earned) + parts, earned + kMaxParts);
  } while (!taken_.compare_exchange_weak(taken, after));
}

void TokenBucket::refund(Tokens n) { taken_.fetch_sub(parts_of(n)); }

Duration TokenBucket::until_full(TimePoint now) const {
  const Parts ahead = taken_.load() - earned_at(now);
  return ahead <= 0 ? Duration{} : time_to_earn(ahead);
}

}  // namespace tidegate
