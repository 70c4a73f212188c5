#include "loop/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "loop/run_task.h"
#include "loop/worker.h"

namespace tidegate {
namespace {

TEST(Loop, DoesPostedWorkInTheOrderOfPostingOfEachThread) {
  constexpr int kThreads = 4, kEach = 2000;
  const SystemClock clock;
  Loop loop(clock);
  std::vector<int> last(kThreads, -1);
  std::atomic<int> posting{kThreads};
  int done = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          EXPECT_EQ(last[static_cast<std::size_t>(t)], i - 1);
          last[static_cast<std::size_t>(t)] = i;
          ++done;
        });
      }
      if (posting.fetch_sub(1) == 1) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(done, kThreads * kEach);
}

TEST(Loop, WorkMayPostMoreWork) {
  const SystemClock clock;
  Loop loop(clock);
  int turns = 0;
  std::function<void()> again = [&] {
    if (++turns == 100) return loop.stop();
    loop.post(again);
  };
  loop.post(again);
  loop.run();
  EXPECT_EQ(turns, 100);
}

Task<void> sleeps(Loop& loop, TimePoint deadline, TimePoint& woke) {
  co_await loop.sleep_until(deadline);
  woke = loop.now();
}

TEST(Loop, SleepEndsNotBeforeItsDeadline) {
  const SystemClock clock;
  Loop loop(clock);
  const TimePoint deadline = loop.now() + 20ms;
  TimePoint woke{};
  run_task(loop, sleeps(loop, deadline, woke));
  EXPECT_GE(woke, deadline);
}

TEST(Loop, APastDeadlineDoesNotSleep) {
  const FakeClock clock;  // a timer would never fire
  Loop loop(clock);
  TimePoint woke{};
  run_task(loop, sleeps(loop, loop.now(), woke));
  EXPECT_EQ(woke, loop.now());
}

TEST(Loop, CallsTheHookAtTheEndOfEachTurn) {
  const SystemClock clock;
  Loop loop(clock);
  bool worked = false, hooked_after = false;
  loop.at_turn_end([&](TimePoint now) {
    EXPECT_EQ(now, loop.now());
    hooked_after = hooked_after || worked;
  });
  loop.post([&] {
    worked = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(hooked_after);
}

TEST(Worker, StopsAfterTheWorkThatWasPosted) {
  const SystemClock clock;
  Worker worker(clock, "worker");
  std::atomic<int> done{0};
  worker.start();
  for (int i = 0; i < 100; ++i) worker.loop().post([&] { ++done; });
  worker.stop_and_join();
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace tidegate
