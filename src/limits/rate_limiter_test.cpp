#include "tidegate/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

namespace tidegate {
namespace {

class RateLimiterTest : public testing::Test {
 protected:
  std::unique_ptr<RateLimiter> limiter(const RateLimits& limits) {
    auto made = RateLimiter::create(limits, clock_);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  FakeClock clock_;
};

TEST_F(RateLimiterTest, RefusesBoundsThatAreNone) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const auto field = [&](const RateLimits& limits) {
    auto made = RateLimiter::create(limits, clock_);
    return made ? std::string("none") : made.error().field;
  };
  EXPECT_EQ(field({.requests_per_second = 0}), "requests_per_second");
  EXPECT_EQ(field({.requests_per_minute = -5}), "requests_per_minute");
  EXPECT_EQ(field({.tokens_per_minute = nan}), "tokens_per_minute");
  EXPECT_EQ(field({.tokens_per_day = infinity}), "tokens_per_day");
  EXPECT_EQ(field({.tokens_per_day = 1e300}), "tokens_per_day");
  EXPECT_EQ(field({.cost_per_day = NanoDollars{0}}), "cost_per_day");
  EXPECT_EQ(field({.max_concurrent = 0}), "max_concurrent");
  EXPECT_EQ(field({.requests_per_second = 1, .burst = nan}), "burst");
  EXPECT_EQ(field({.requests_per_second = 1, .burst = 0}), "burst");
  EXPECT_EQ(field({}), "none");
}

TEST_F(RateLimiterTest, TakesAllOrNothing) {
  const auto both = limiter({.requests_per_second = 10, .tokens_per_minute = 600});
  auto first = both->try_acquire({.input = 500, .output = 50});
  ASSERT_TRUE(first);
  const auto refused = both->try_acquire({.input = 60});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().bound, Bound::tokens_per_minute);
  EXPECT_NEAR(static_cast<double>(refused.error().retry_after.count()), 1e9, 10);
  EXPECT_EQ(refused.error().error().code, ErrorCode::rate_limited);
  EXPECT_EQ(both->requests_standing(clock_.now())->remaining, 9);
  first->cancel();
  EXPECT_EQ(both->requests_standing(clock_.now())->remaining, 10);
  EXPECT_EQ(both->tokens_standing(clock_.now())->remaining, 600);
}

TEST_F(RateLimiterTest, SettlesToWhatWasUsed) {
  const auto tokens = limiter({.requests_per_second = 10, .tokens_per_minute = 600});
  auto reservation = tokens->try_acquire({.input = 100, .output = 400});
  ASSERT_TRUE(reservation);
  reservation->settle({.input = 90, .output = 10});
  reservation->cancel();  // settled already: no second time
  EXPECT_EQ(tokens->tokens_standing(clock_.now())->remaining, 500);
  EXPECT_EQ(tokens->requests_standing(clock_.now())->remaining, 9);

  auto second = tokens->try_acquire({.input = 100});
  ASSERT_TRUE(second);
  second->settle({.input = 100, .output = 700});  // a debt of 300: half a minute
  EXPECT_FALSE(tokens->try_acquire({.input = 1}));
  clock_.advance(30s);
  EXPECT_FALSE(tokens->try_acquire({.input = 1}));
  clock_.advance(101ms);
  EXPECT_TRUE(tokens->try_acquire({.input = 1}));
}

TEST_F(RateLimiterTest, CountsTheTokensThatItIsToldTo) {
  const auto input = limiter({.tokens_per_minute = 100, .counted = Counted::input});
  EXPECT_TRUE(input->try_acquire({.input = 100, .output = 100'000}));
  const auto output = limiter({.tokens_per_minute = 100, .counted = Counted::output});
  EXPECT_FALSE(output->try_acquire({.input = 1, .output = 101}));
}

TEST_F(RateLimiterTest, SaysWhyARequestCanNeverPass) {
  const auto tokens = limiter({.tokens_per_minute = 1000, .burst = 0.5});
  const auto refused = tokens->try_acquire({.input = 600});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().never);
  EXPECT_EQ(refused.error().error().code, ErrorCode::too_large);
  EXPECT_EQ(refused.error().error().message,
            "the request needs 600 tokens, and tokens_per_minute allows at most 500 at once; ask "
            "for less");
  const Tokens most = std::numeric_limits<Tokens>::max();
  EXPECT_TRUE(tokens->try_acquire({.input = most, .output = most}).error().never);
  EXPECT_TRUE(tokens->try_acquire({.input = -most, .output = -most}));
}

TEST_F(RateLimiterTest, BoundsConcurrencyAndCost) {
  const auto few = limiter({.cost_per_day = NanoDollars{1'000'000}, .max_concurrent = 2});
  auto first = few->try_acquire({.cost = {400'000}});
  auto second = few->try_acquire({.cost = {400'000}});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(few->try_acquire({}).error().bound, Bound::max_concurrent);
  first->settle({.cost = {400'000}});
  EXPECT_EQ(few->in_use(), 1);
  EXPECT_EQ(few->try_acquire({.cost = {400'000}}).error().bound, Bound::cost_per_day);
  EXPECT_EQ(few->in_use(), 1);
  EXPECT_TRUE(few->try_acquire({.cost = {100'000}}));
}

TEST_F(RateLimiterTest, ARefusedInnerLimitRefundsTheOuterOnes) {
  const auto outer = limiter({.requests_per_second = 10, .max_concurrent = 5});
  const auto inner = limiter({.tokens_per_minute = 100});
  RateLimiter* const nested[] = {outer.get(), inner.get()};
  auto admitted = acquire_all(nested, {.input = 80}, clock_.now());
  ASSERT_TRUE(admitted);
  const auto refused = acquire_all(nested, {.input = 80}, clock_.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().limiter, 1u);
  EXPECT_EQ(outer->requests_standing(clock_.now())->remaining, 9);
  EXPECT_EQ(outer->in_use(), 1);
}

TEST_F(RateLimiterTest, AReservationMovesAndSettlesOnce) {
  const auto few = limiter({.max_concurrent = 3});
  auto first = few->try_acquire({});
  auto second = few->try_acquire({});
  ASSERT_TRUE(first && second);
  Reservation held = std::move(*first);
  EXPECT_TRUE(first->empty());
  held = std::move(*second);  // the one it held is given back
  EXPECT_EQ(few->in_use(), 1);
  held = Reservation();
  EXPECT_EQ(few->in_use(), 0);
}

// What four threads reserve, refund and settle adds up to the last token.
TEST_F(RateLimiterTest, AddsUpUnderContention) {
  constexpr Tokens kAll = 1'000'000;
  const auto outer = limiter({.requests_per_minute = 1'000'000, .max_concurrent = 3});
  const auto inner = limiter({.tokens_per_minute = static_cast<double>(kAll)});
  std::atomic<Tokens> used{0}, requests{0};
  std::atomic<bool> too_many{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      RateLimiter* const nested[] = {outer.get(), inner.get()};
      for (int round = 0; round < 20'000; ++round) {
        auto got = acquire_all(nested, {.input = 10 + i, .output = 40}, clock_.now());
        if (!got) continue;
        if (outer->in_use() > 3) too_many = true;
        if (round % 4 == 0) continue;
        const Tokens output = round % 60;
        got->settle({.input = 10 + i, .output = output});
        used += 10 + i + output;
        ++requests;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(too_many);
  EXPECT_EQ(outer->in_use(), 0);
  EXPECT_EQ(outer->requests_standing(clock_.now())->remaining, 1'000'000 - requests);
  EXPECT_EQ(inner->tokens_standing(clock_.now())->remaining, std::max<Tokens>(kAll - used, 0));
}

}  // namespace
}  // namespace tidegate
