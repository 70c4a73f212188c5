#include "routing/affinity.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/hash.h"

namespace tidegate::routing {
namespace {

constexpr TimePoint kStart{100h};

TEST(Affinity, RemembersUntilItExpires) {
  Affinity affinity;
  EXPECT_EQ(affinity.find(42, kStart, 1h), 0);
  affinity.remember(42, 7, kStart);
  EXPECT_EQ(affinity.find(42, kStart, 1h), 7);
  EXPECT_EQ(affinity.find(42, kStart + 1h - Affinity::kStep, 1h), 7);
  EXPECT_EQ(affinity.find(42, kStart + 1h, 1h), 0);
  EXPECT_EQ(affinity.find(42, kStart, 0s), 0);
}

TEST(Affinity, LastWriterWinsAndRefreshes) {
  Affinity affinity;
  affinity.remember(42, 7, kStart);
  affinity.remember(42, 9, kStart + 30min);
  EXPECT_EQ(affinity.find(42, kStart + 80min, 1h), 9);
}

TEST(Affinity, TellsTasksOfOneSetApartAndDropsTheOldest) {
  Affinity affinity;
  const auto task = [](std::uint64_t i) { return (i + 1) << 36 | 5; };
  for (std::uint16_t i = 0; i < 5; ++i) {
    affinity.remember(task(i), static_cast<std::uint16_t>(i + 1), kStart + i * Affinity::kStep);
  }
  const TimePoint later = kStart + 1min;
  EXPECT_EQ(affinity.find(task(0), later, 1h), 0);
  for (std::uint16_t i = 1; i < 5; ++i) EXPECT_EQ(affinity.find(task(i), later, 1h), i + 1);
}

TEST(Affinity, KeepsMostOfManyTasks) {
  Affinity affinity;
  const auto task = [](int i) { return hash_bytes(std::to_string(i)); };
  for (int i = 0; i < 20000; ++i) affinity.remember(task(i), 3, kStart);
  int kept = 0;
  for (int i = 0; i < 20000; ++i) kept += affinity.find(task(i), kStart, 1h) == 3 ? 1 : 0;
  EXPECT_GT(kept, 19700);
}

TEST(Affinity, KeyOfATask) {
  EXPECT_EQ(task_hash("", "", 99), 99u);
  EXPECT_EQ(task_hash("t", "", 99), task_hash("t", "", 100));
  EXPECT_NE(task_hash("t", "", 99), task_hash("u", "", 99));
  EXPECT_NE(task_hash("t", "planner", 99), task_hash("t", "coder", 99));
}

TEST(Affinity, ThreadsSeeWholeEntries) {
  Affinity affinity;
  std::atomic<bool> torn{false};
  std::vector<std::jthread> threads;
  for (std::uint16_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) {
        affinity.remember(42, t, kStart + i * Affinity::kStep);
        const std::uint16_t found = affinity.find(42, kStart + i * Affinity::kStep, 500h);
        if (found > 4) torn = true;
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(torn);
}

TEST(AffinityTest, says_what_is_news_to_others) {
  Affinity affinity;
  const TimePoint begin = TimePoint{} + 1024s;  // of 256 s that are no news
  EXPECT_TRUE(affinity.remember(1, 7, begin));
  EXPECT_FALSE(affinity.remember(1, 7, begin));
  EXPECT_FALSE(affinity.remember(1, 7, begin + 200s));
  EXPECT_TRUE(affinity.remember(1, 7, begin + 300s));
  EXPECT_TRUE(affinity.remember(1, 8, begin + 300s));
  EXPECT_TRUE(affinity.remember(2, 8, begin + 300s));
}

}  // namespace
}  // namespace tidegate::routing
