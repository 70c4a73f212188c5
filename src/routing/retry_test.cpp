#include "routing/retry.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace tidegate::routing {
namespace {

TEST(RetryDelay, FullJitterUnderADoublingCeiling) {
  std::mt19937_64 random(7);
  const Duration ceilings[] = {500ms, 1s, 2s, 4s, 8s, 16s, 20s, 20s};
  for (int retry = 1; retry <= 8; ++retry) {
    const Duration ceiling = ceilings[retry - 1];
    Duration sum{0}, most{0}, least{1h};
    for (int i = 0; i < 2000; ++i) {
      const Duration delay = retry_delay(retry, 500ms, 20s, random());
      sum += delay;
      most = std::max(most, delay);
      least = std::min(least, delay);
    }
    EXPECT_LE(most, ceiling);
    EXPECT_GT(most, ceiling * 95 / 100);
    EXPECT_LT(least, ceiling * 5 / 100);
    EXPECT_NEAR(static_cast<double>((sum / 2000).count()), static_cast<double>(ceiling.count()) / 2,
                static_cast<double>(ceiling.count()) / 20);
  }
  EXPECT_EQ(retry_delay(1'000'000, 500ms, 20s, UINT64_MAX), 20s);
  EXPECT_EQ(retry_delay(1, 500ms, 20s, 0), 0s);
  EXPECT_EQ(retry_delay(3, 0s, 20s, UINT64_MAX), 0s);
}

TEST(RetryDelay, RetryAfterIsTheFloor) {
  EXPECT_EQ(retry_delay(1, 500ms, 20s, 0, 30s), 30s);
  EXPECT_EQ(retry_delay(1, 500ms, 20s, UINT64_MAX, 30s), 30s + 500ms);
}

TEST(RetryBudget, AShareOfTheRequestsInAStorm) {
  RetryBudget budget(0.2);
  const TimePoint now{100h};
  int retries = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.requested();
    for (int attempt = 0; attempt < 2; ++attempt) retries += budget.try_retry(now) ? 1 : 0;
  }
  EXPECT_EQ(retries, 1000 / 5 + RetryBudget::kReserve);
}

TEST(RetryBudget, SavesUpToAMost) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 10000; ++i) budget.requested();
  EXPECT_EQ(budget.available(), RetryBudget::kMost);
}

TEST(RetryBudget, TimeAloneRefillsTheReserve) {
  RetryBudget budget(0.0);
  const TimePoint now{100h};
  const auto drain = [&](TimePoint at) {
    int retries = 0;
    while (budget.try_retry(at)) ++retries;
    return retries;
  };
  EXPECT_EQ(drain(now), RetryBudget::kReserve);
  EXPECT_EQ(drain(now + 500ms), 0);
  EXPECT_EQ(drain(now + 3s), 3);
  EXPECT_EQ(drain(now + 1h), RetryBudget::kReserve);
}

TEST(RetryBudget, ThreadsTakeNoMoreThanThereIs) {
  RetryBudget budget(0.2);
  std::atomic<int> retries{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        budget.requested();
        if (budget.try_retry(TimePoint{100h})) ++retries;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(retries + budget.available(), 4 * 5000 / 5 + RetryBudget::kReserve);
}

}  // namespace
}  // namespace tidegate::routing
