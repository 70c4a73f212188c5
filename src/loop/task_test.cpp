#include "loop/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "loop/task_group.h"

namespace tidegate {
namespace {

// A wait that the test ends by hand.
struct Gate {
  std::coroutine_handle<> waiter;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
  void await_resume() const {}
};

Task<int> throws() {
  throw std::runtime_error("inner");
  co_return 1;
}

Task<void> catches(std::string& seen) {
  try {
    const int value = co_await throws();
    seen = std::to_string(value);
  } catch (const std::runtime_error& error) {
    seen = error.what();
  }
}

TEST(Task, AnExceptionReachesTheOneWhoAwaits) {
  std::string seen;
  TaskGroup group;
  group.spawn(catches(seen));
  EXPECT_TRUE(group.empty());
  EXPECT_EQ(seen, "inner");
}

Task<std::unique_ptr<int>> gives(int value) { co_return std::make_unique<int>(value); }

Task<void> takes(int& out) {
  const std::unique_ptr<int> value = co_await gives(7);
  out = *value;
}

TEST(Task, HandsOverValuesThatCannotBeCopied) {
  int out = 0;
  TaskGroup group;
  group.spawn(takes(out));
  EXPECT_EQ(out, 7);
}

Task<int> depth(int levels) {
  if (levels == 0) co_return 0;
  const int below = co_await depth(levels - 1);
  co_return below + 1;
}

Task<void> measure(int levels, int& out) { out = co_await depth(levels); }

// Symmetric transfer: awaiting costs no stack, however deep the chain. Needs tail calls.
TEST(Task, ADeepChainNeedsNoStack) {
#ifndef __OPTIMIZE__
  GTEST_SKIP() << "without optimisation the compiler makes no tail calls";
#endif
  int out = 0;
  TaskGroup group;
  group.spawn(measure(200'000, out));
  EXPECT_EQ(out, 200'000);
}

Task<void> passes(Gate& gate, std::vector<int>& order, int number) {
  order.push_back(number);
  co_await gate;
  order.push_back(number + 10);
}

TEST(TaskGroup, RunsEachTaskToItsFirstSuspensionAndCountsThem) {
  Gate first, second;
  std::vector<int> order;
  TaskGroup group;
  group.spawn(passes(first, order, 1));
  group.spawn(passes(second, order, 2));
  EXPECT_EQ(group.size(), 2u);
  second.waiter.resume();
  EXPECT_EQ(group.size(), 1u);
  first.waiter.resume();
  EXPECT_TRUE(group.empty());
  EXPECT_EQ(order, (std::vector{1, 2, 12, 11}));
}

struct SetsOnDestruction {
  bool& done;
  ~SetsOnDestruction() { done = true; }
};

Task<void> holds(Gate& gate, std::unique_ptr<SetsOnDestruction>) { co_await gate; }

TEST(TaskGroup, FreesTheFrameWhenTheTaskEnds) {
  bool freed = false;
  Gate gate;
  TaskGroup group;
  group.spawn(holds(gate, std::make_unique<SetsOnDestruction>(freed)));
  EXPECT_FALSE(freed);
  gate.waiter.resume();
  EXPECT_TRUE(freed);
}

TEST(TaskGroupDeathTest, RefusesToEndBeforeItsTasks) {
  EXPECT_DEATH(
      {
        Gate gate;
        std::vector<int> order;
        TaskGroup group;
        group.spawn(passes(gate, order, 1));
      },
      "while 1 of its tasks still run");
}

Task<void> throws_to_nobody() {
  throw std::runtime_error("nobody");
  co_return;
}

TEST(TaskGroupDeathTest, AnExceptionThatLeavesATaskEndsTheProcess) {
  EXPECT_DEATH(
      {
        TaskGroup group;
        group.spawn(throws_to_nobody());
      },
      "");
}

}  // namespace
}  // namespace tidegate
