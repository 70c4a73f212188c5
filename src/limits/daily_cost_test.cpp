#include "limits/daily_cost.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>
#include <vector>

#include "tidegate/rate_limiter.h"

namespace tidegate {
namespace {

TimePoint at(Duration since_start) { return TimePoint{} + 1000h + since_start; }

TEST(DailyCost, NoDayCostsMoreThanTheLimit) {
  DailyCost cost({100});
  EXPECT_TRUE(cost.take(100, at(0s)).admitted);
  EXPECT_FALSE(cost.take(1, at(0s)).admitted);
  // A bucket would have earned half of it again.
  const Admission noon = cost.take(1, at(12h));
  EXPECT_FALSE(noon.admitted);
  EXPECT_GT(noon.wait, 12h);
  EXPECT_LE(noon.wait, 12h + 15min);
  EXPECT_FALSE(cost.take(1, at(24h)).admitted);
  EXPECT_TRUE(cost.take(100, at(12h) + noon.wait).admitted);
}

TEST(DailyCost, WaitsForAsMuchAsIsMissing) {
  DailyCost cost({100});
  for (int hour = 0; hour < 5; ++hour) EXPECT_TRUE(cost.take(20, at(hour * 1h)).admitted);
  EXPECT_EQ(cost.wait_for(0, at(5h)), 0s);
  EXPECT_LE(cost.wait_for(20, at(5h)), 19h + 15min);
  const Duration two = cost.wait_for(21, at(5h));
  EXPECT_GT(two, 20h);
  EXPECT_LE(two, 20h + 15min);
  EXPECT_TRUE(cost.take(21, at(5h) + two).admitted);
}

TEST(DailyCost, WhatComesBackLeavesWithWhatWasTaken) {
  DailyCost cost({100});
  EXPECT_TRUE(cost.take(80, at(0s)).admitted);
  cost.settle(80, 10, at(0s), at(3h));
  EXPECT_EQ(cost.taken(at(3h)), 10);
  EXPECT_TRUE(cost.take(90, at(3h)).admitted);
  // The first one leaves; nothing more than its ten is free.
  EXPECT_EQ(cost.taken(at(25h)), 90);
  // More than was reserved is a debt of the moment.
  cost.settle(90, 120, at(3h), at(25h));
  EXPECT_EQ(cost.taken(at(25h)), 120);
  EXPECT_FALSE(cost.take(1, at(25h)).admitted);
  EXPECT_EQ(cost.taken(at(28h)), 30);
  // Given back long after it has left the sum.
  cost.settle(80, 0, at(0s), at(60h));
  EXPECT_EQ(cost.taken(at(60h)), 0);
}

TEST(DailyCost, HoldsForEveryDayOfALongRun) {
  DailyCost cost({1000});
  struct Taken {
    TimePoint when;
    std::int64_t amount;
  };
  std::deque<Taken> day;
  std::int64_t sum = 0;
  std::int64_t all = 0;
  std::uint64_t random = 1;
  TimePoint now = at(0s);
  for (int i = 0; i < 20'000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    now += Duration{static_cast<std::int64_t>((random >> 33) % 600) * 1'000'000'000};
    const auto amount = static_cast<std::int64_t>((random >> 20) % 50);
    if (!cost.take(amount, now).admitted) continue;
    day.push_back({now, amount});
    sum += amount;
    all += amount;
    while (day.front().when <= now - 24h) {
      sum -= day.front().amount;
      day.pop_front();
    }
    ASSERT_LE(sum, 1000);
  }
  // About 69 days of a limit that is always wanted.
  EXPECT_GT(all, 60 * 1000);
}

TEST(DailyCost, ThreadsTakeExactlyTheLimit) {
  DailyCost cost({99'999});
  std::atomic<std::int64_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (cost.take(3, at(0s)).admitted) taken += 3;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), 99'999);
}

TEST(RateLimiter, ADailyCostLimitIsNoBucket) {
  FakeClock clock;
  auto limiter = *RateLimiter::create({.cost_per_day = NanoDollars{1000}, .burst = 0.1}, clock);
  const auto ask = [&](std::int64_t cost) { return limiter->try_acquire({.cost = {cost}}); };
  EXPECT_TRUE(ask(1001).error().never);
  auto first = ask(1000);
  ASSERT_TRUE(first);
  first->settle({.cost = {600}});
  {
    EXPECT_TRUE(ask(400)) << "and dropped";
  }
  auto second = ask(400);
  ASSERT_TRUE(second);
  second->settle({.cost = {400}});
  clock.advance(12h);
  const auto refused = ask(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().bound, Bound::cost_per_day);
  EXPECT_GT(refused.error().retry_after, 11h);
  clock.advance(12h + 15min);
  EXPECT_TRUE(ask(1000));
}

}  // namespace
}  // namespace tidegate
