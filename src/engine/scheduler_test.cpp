#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <deque>

namespace tidegate::engine {
namespace {

constexpr TimePoint kStart{};

// What tasks refer to, as long as the program runs.
std::deque<std::vector<std::uint32_t>> all_needs;

SchedulerTask task(std::vector<std::uint32_t> needs = {}, std::int32_t priority = 0,
                   Duration expected = 1s) {
  all_needs.push_back(std::move(needs));
  return {.priority = priority, .expected = expected, .needs = all_needs.back()};
}

std::vector<std::uint32_t> take_all(Scheduler& scheduler, TimePoint now = kStart) {
  std::vector<std::uint32_t> order;
  while (const auto unit = scheduler.take(now)) order.push_back(unit->task);
  return order;
}

std::vector<std::uint32_t> take_items(Scheduler& scheduler, TimePoint now = kStart) {
  std::vector<std::uint32_t> order;
  while (const auto unit = scheduler.take(now)) order.push_back(unit->item);
  return order;
}

TEST(Scheduler, ATaskIsReadyAsSoonAsItsOwnNeedsHaveEnded) {
  // 0 -> 2, 1 -> 3: the slow 1 holds back 3 only.
  const std::vector<SchedulerTask> tasks{task(), task(), task({0}), task({1})};
  Scheduler scheduler({}, tasks, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_FALSE(scheduler.end({0}, kStart));
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{2}));
  scheduler.end({2}, kStart);
  scheduler.end({1}, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(scheduler.tasks_left(), 1u);
}

TEST(Scheduler, HigherPriorityFirstThenTheLongerCriticalPathThenTheFile) {
  const std::vector<SchedulerTask> tasks{task(), task(), task({1}), task({}, 5), task()};
  Scheduler scheduler({}, tasks, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{3, 1, 0, 4}));
}

TEST(Scheduler, LowerFirstTurnsPrioritiesRound) {
  const std::vector<SchedulerTask> tasks{task({}, 9), task({}, 1), task({}, 5)};
  Scheduler scheduler({.lower_first = true}, tasks, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{1, 2, 0}));
}

TEST(Scheduler, WaitingWeighsAsMuchAsPriority) {
  // 2 becomes ready ten minutes after 1, with a priority that is five higher: 1 has waited longer.
  const std::vector<SchedulerTask> tasks{task({}, 100), task(), task({0}, 5), task({0}, 11)};
  Scheduler scheduler({.max_parallel = 1}, tasks, kStart);
  EXPECT_EQ(scheduler.take(kStart)->task, 0u);
  scheduler.end({0}, kStart + 10min);
  EXPECT_EQ(scheduler.take(kStart + 10min)->task, 3u);
  scheduler.end({3}, kStart + 10min);
  EXPECT_EQ(scheduler.take(kStart + 10min)->task, 1u);
  scheduler.end({1}, kStart + 10min);
  EXPECT_EQ(scheduler.take(kStart + 10min)->task, 2u);
}

TEST(Scheduler, NoMoreThanMaxParallelRun) {
  const std::vector<SchedulerTask> tasks{task(), task(), task()};
  Scheduler scheduler({.max_parallel = 2}, tasks, kStart);
  EXPECT_EQ(take_all(scheduler).size(), 2u);
  scheduler.end({0}, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{2}));
}

TEST(Scheduler, ItemsRunUnderTheirOwnBoundAndInOrder) {
  const std::vector<SchedulerTask> tasks{task(), task({0})};
  Scheduler scheduler({}, tasks, kStart);
  ASSERT_TRUE(scheduler.take(kStart));
  scheduler.expand(0, {0, 1, 3, 4}, 2, kStart);
  EXPECT_EQ(take_items(scheduler), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_FALSE(scheduler.end({0, 1}, kStart));
  EXPECT_EQ(take_items(scheduler), (std::vector<std::uint32_t>{3}));
  EXPECT_FALSE(scheduler.end({0, 0}, kStart));
  EXPECT_FALSE(scheduler.end({0, 3}, kStart));
  EXPECT_EQ(take_items(scheduler), (std::vector<std::uint32_t>{4}));
  EXPECT_TRUE(scheduler.end({0, 4}, kStart));
  EXPECT_FALSE(scheduler.take(kStart));
  scheduler.end_task(0, kStart);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{1}));
}

TEST(Scheduler, ADelayedItemKeepsItsPlaceAmongTheItemsButNotInTheRun) {
  const std::vector<SchedulerTask> tasks{task(), task()};
  Scheduler scheduler({.max_parallel = 1}, tasks, kStart);
  ASSERT_TRUE(scheduler.take(kStart));
  scheduler.expand(0, {0, 1}, 1, kStart);
  const auto first = scheduler.take(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (Unit{0, 0}));
  scheduler.delay(*first, kStart + 1s);
  EXPECT_EQ(scheduler.next_time(), kStart + 1s);
  EXPECT_EQ(*scheduler.take(kStart), (Unit{1}));
  scheduler.end({1}, kStart);
  EXPECT_FALSE(scheduler.take(kStart));
  EXPECT_EQ(*scheduler.take(kStart + 1s), (Unit{0, 0}));
  EXPECT_FALSE(scheduler.end({0, 0}, kStart + 1s));
  EXPECT_EQ(*scheduler.take(kStart + 1s), (Unit{0, 1}));
  EXPECT_TRUE(scheduler.end({0, 1}, kStart + 1s));
}

TEST(Scheduler, WithdrawnItemsDoNotCome) {
  const std::vector<SchedulerTask> tasks{task()};
  Scheduler scheduler({}, tasks, kStart);
  ASSERT_TRUE(scheduler.take(kStart));
  scheduler.expand(0, {0, 1, 2, 3}, 4, kStart);
  ASSERT_EQ(*scheduler.take(kStart), (Unit{0, 0}));
  EXPECT_EQ(scheduler.withdraw_items(0), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_FALSE(scheduler.take(kStart));
  EXPECT_TRUE(scheduler.end({0, 0}, kStart));
}

TEST(Scheduler, WhatWasPutAsideComesBackWhenTold) {
  const std::vector<SchedulerTask> tasks{task(), task({0})};
  Scheduler scheduler({}, tasks, kStart);
  const auto unit = scheduler.take(kStart);
  scheduler.put_aside(*unit);
  EXPECT_FALSE(scheduler.take(kStart + 1h));
  EXPECT_EQ(scheduler.aside(), 1u);
  scheduler.come_back(*unit, kStart + 1h);
  EXPECT_EQ(scheduler.take(kStart + 1h), unit);
  scheduler.end(*unit, kStart + 1h);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{1}));
}

TEST(Scheduler, GoesOnWhereAnotherProcessEnded) {
  std::vector<SchedulerTask> tasks{task(), task({0}), task({0, 1})};
  tasks[0].ended = true;
  Scheduler scheduler({}, tasks, kStart);
  EXPECT_EQ(scheduler.tasks_left(), 2u);
  EXPECT_EQ(take_all(scheduler), (std::vector<std::uint32_t>{1}));
}

TEST(Scheduler, TheCriticalPathIsTheLongestExpectedWayToTheEnd) {
  const std::vector<SchedulerTask> tasks{task({}, 0, 5s), task({0}, 0, 1s), task({0}, 0, 7s),
                                         task({1, 2}, 0, 2s)};
  const Scheduler scheduler({}, tasks, kStart);
  EXPECT_EQ(scheduler.critical_path(0), 14s);
  EXPECT_EQ(scheduler.critical_path(1), 3s);
  EXPECT_EQ(scheduler.critical_path(), 14s);
}

TEST(Scheduler, AChainOf100000TasksRunsInOrder) {
  constexpr std::uint32_t kTasks = 100'000;
  std::vector<SchedulerTask> tasks;
  for (std::uint32_t i = 0; i < kTasks; ++i) {
    tasks.push_back(task(i == 0 ? std::vector<std::uint32_t>{} : std::vector{i - 1}));
  }
  Scheduler scheduler({}, tasks, kStart);
  EXPECT_EQ(scheduler.critical_path(0), kTasks * 1s);
  for (std::uint32_t i = 0; i < kTasks; ++i) {
    const auto unit = scheduler.take(kStart);
    ASSERT_TRUE(unit);
    ASSERT_EQ(unit->task, i);
    ASSERT_FALSE(scheduler.take(kStart));
    scheduler.end(*unit, kStart);
  }
  EXPECT_EQ(scheduler.tasks_left(), 0u);
}

}  // namespace
}  // namespace tidegate::engine
