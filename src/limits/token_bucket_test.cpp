#include "tidegate/token_bucket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

namespace tidegate {
namespace {

TokenBucket bucket(double rate, Tokens capacity) {
  Result<TokenBucket> made = TokenBucket::create(rate, capacity);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

TimePoint at(Duration since_start) { return TimePoint{} + since_start; }

TEST(TokenBucket, RefusesWhatIsNoRate) {
  const double kBad[] = {0.0,
                         -1.0,
                         std::nan(""),
                         std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity(),
                         1e-7,
                         1e18,
                         1e308};
  for (const double rate : kBad) {
    const Result<TokenBucket> made = TokenBucket::create(rate, 10);
    ASSERT_FALSE(made) << rate;
    EXPECT_EQ(made.error().code, ErrorCode::invalid);
    EXPECT_EQ(made.error().field, "rate");
  }
  for (const Tokens capacity : {Tokens{0}, Tokens{-1}, std::numeric_limits<Tokens>::max()}) {
    const Result<TokenBucket> made = TokenBucket::create(1, capacity);
    ASSERT_FALSE(made) << capacity;
    EXPECT_EQ(made.error().field, "capacity");
  }
}

TEST(TokenBucket, GivesTheBurstThenTheRate) {
  TokenBucket tokens = bucket(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(tokens.try_acquire(1, at(0s))->admitted);
  const Result<Admission> refused = tokens.try_acquire(1, at(0s));
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->admitted);
  EXPECT_GE(refused->wait, 100ms);
  EXPECT_LE(refused->wait, 100ms + 2ns);
  EXPECT_FALSE(tokens.try_acquire(1, at(99ms))->admitted);
  EXPECT_TRUE(tokens.try_acquire(1, at(refused->wait))->admitted);
}

TEST(TokenBucket, TheWaitThatItNamesIsEnough) {
  for (const double rate : {1e-6, 0.7, 16'666.667, 1e6, 5e9}) {
    for (const Tokens capacity : {Tokens{1}, Tokens{77}, Tokens{1'000'000'007}}) {
      TokenBucket tokens = bucket(rate, capacity);
      EXPECT_TRUE(tokens.take(capacity, at(12h)).admitted);
      const Admission refused = tokens.take(capacity, at(12h));
      EXPECT_FALSE(refused.admitted);
      if (refused.wait > 24h * 365) continue;  // cut: longer than the clock goes
      EXPECT_EQ(tokens.wait_for(capacity, at(12h)), refused.wait);
      EXPECT_TRUE(tokens.take(capacity, at(12h + refused.wait)).admitted) << rate << capacity;
    }
  }
}

TEST(TokenBucket, RefusesAtOnceWhatItCanNeverHold) {
  TokenBucket tokens = bucket(10, 100);
  const Result<Admission> refused = tokens.try_acquire(101, at(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_EQ(refused.error().message,
            "101 tokens are more than the 100 that the bucket holds at most; ask for fewer");
  EXPECT_FALSE(tokens.try_acquire(std::numeric_limits<Tokens>::max(), at(0s)));
  EXPECT_EQ(tokens.try_acquire(-1, at(0s)).error().code, ErrorCode::invalid);
  EXPECT_EQ(tokens.available(at(0s)), 100);
}

TEST(TokenBucket, RefundsExactlyAndEarnsDebtsBack) {
  TokenBucket tokens = bucket(10, 100);
  EXPECT_TRUE(tokens.take(60, at(0s)).admitted);
  tokens.refund(60);
  EXPECT_EQ(tokens.available(at(0s)), 100);
  EXPECT_TRUE(tokens.take(100, at(0s)).admitted);
  tokens.charge(50, at(0s));
  EXPECT_EQ(tokens.available(at(0s)), -50);
  EXPECT_FALSE(tokens.take(0, at(0s)).admitted);
  EXPECT_FALSE(tokens.take(1, at(5s)).admitted);
  EXPECT_TRUE(tokens.take(1, at(5100ms + 1ns)).admitted);
  // A refund never makes it more than full.
  tokens.refund(1'000'000);
  EXPECT_EQ(tokens.available(at(6s)), 100);
}

TEST(TokenBucket, BoundsADebtThatNoOneCouldEarn) {
  TokenBucket tokens = bucket(1, 10);
  for (int i = 0; i < 100; ++i) tokens.charge(std::numeric_limits<Tokens>::max(), at(1s));
  EXPECT_LT(tokens.available(at(1s)), 0);
  EXPECT_FALSE(tokens.take(1, at(24h)).admitted);
}

TEST(TokenBucket, SurvivesClockSteps) {
  TokenBucket tokens = bucket(10, 10);
  EXPECT_TRUE(tokens.take(10, at(1h)).admitted);
  EXPECT_FALSE(tokens.take(1, at(0s)).admitted);  // back: nothing is earned
  EXPECT_FALSE(tokens.take(1, at(-1h)).admitted);
  EXPECT_FALSE(tokens.take(1, at(1h)).admitted);
  EXPECT_TRUE(tokens.take(10, kNever).admitted);  // far ahead: full, not more
  EXPECT_FALSE(tokens.take(1, kNever).admitted);
}

// Offered five times what is allowed over a simulated minute.
TEST(TokenBucket, AdmitsRateTimesTimePlusBurst) {
  for (const double rate : {3.0, 100.0, 1'000'000.0 / 60, 7'777'777.7}) {
    const auto burst = static_cast<Tokens>(rate * 2);
    TokenBucket tokens = bucket(rate, burst);
    const Tokens n = std::max<Tokens>(1, static_cast<Tokens>(rate / 20'000));
    const Duration step{static_cast<std::int64_t>(1e9 * static_cast<double>(n) / rate / 5)};
    Tokens admitted = 0;
    for (Duration t{}; t < 60s; t += step) {
      if (tokens.take(n, at(t)).admitted) admitted += n;
    }
    const double allowed = rate * 60 + static_cast<double>(burst);
    EXPECT_LE(static_cast<double>(admitted), allowed);
    EXPECT_GE(static_cast<double>(admitted), allowed * 0.999 - static_cast<double>(n)) << rate;
  }
}

TEST(TokenBucket, AdmitsExactlyWhatItHoldsUnderContention) {
  constexpr Tokens kCapacity = 100'000;
  TokenBucket tokens = bucket(1, kCapacity);
  std::atomic<Tokens> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, n = i + 1] {
      Tokens mine = 0;
      for (int round = 0; round < 50'000; ++round) {
        if (!tokens.take(n, at(0s)).admitted) continue;
        if (round % 3 == 0) {
          tokens.refund(n);
        } else {
          mine += n;
        }
      }
      admitted += mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tokens.available(at(0s)), kCapacity - admitted);
  while (tokens.take(1, at(0s)).admitted) ++admitted;
  EXPECT_EQ(admitted, kCapacity);
}

}  // namespace
}  // namespace tidegate
