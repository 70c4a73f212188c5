#include "loop/notice.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "loop/cancel.h"
#include "loop/run_task.h"

namespace tidegate {
namespace {

Task<void> wait(Notice& notice, TimePoint deadline, std::vector<Wake>& out) {
  const Wake wake = co_await notice.until_given(deadline);
  out.push_back(wake);
}

TEST(Notice, WakesAllWhoWaitWhenItIsGiven) {
  const SystemClock clock;
  Loop loop(clock);
  Notice notice(loop);
  std::vector<Wake> wakes;
  TaskGroup group;
  for (int i = 0; i < 3; ++i) group.spawn(wait(notice, kNever, wakes));
  EXPECT_TRUE(wakes.empty());
  notice.give();
  EXPECT_EQ(wakes, std::vector<Wake>(3, Wake::ready));
  notice.give();  // nobody waits
  EXPECT_EQ(wakes.size(), 3u);
}

TEST(Notice, TimesOutAndIsNotWokenAgain) {
  const SystemClock clock;
  Loop loop(clock);
  Notice notice(loop);
  std::vector<Wake> wakes;
  run_task(loop, wait(notice, loop.now() + 1ms, wakes));
  EXPECT_EQ(wakes, std::vector<Wake>{Wake::timed_out});
  notice.give();
  EXPECT_EQ(wakes.size(), 1u);
}

Task<void> end_it(std::unique_ptr<Notice>& notice) {
  const Wake wake = co_await notice->until_given(kNever);
  EXPECT_EQ(wake, Wake::ready);
  notice.reset();
}

TEST(Notice, MayBeDestroyedByWhomItWakes) {
  const SystemClock clock;
  Loop loop(clock);
  auto notice = std::make_unique<Notice>(loop);
  std::vector<Wake> wakes;
  TaskGroup group;
  group.spawn(end_it(notice));
  group.spawn(wait(*notice, kNever, wakes));
  notice->give();
  EXPECT_EQ(wakes, std::vector<Wake>{Wake::ready});
  EXPECT_TRUE(group.empty());
}

TEST(Cancel, MayBeDestroyedByWhomItTells) {
  std::optional<Cancel> cancel(std::in_place);
  std::optional<Cancel::Listener> of_next;
  bool is_next_told = false;
  const Cancel::Listener listener(*cancel, [&] {
    cancel.emplace();  // another, in the same place
    of_next.emplace(*cancel, [&] { is_next_told = true; });
  });
  cancel->cancel();
  EXPECT_FALSE(is_next_told);
}

TEST(Cancel, TellsEachListenerOnceAndNotThoseThatLeft) {
  Cancel cancel;
  int told = 0;
  const Cancel::Listener first(cancel, [&] { ++told; });
  {
    const Cancel::Listener left(cancel, [&] { told += 100; });
  }
  const Cancel::Listener second(cancel, [&] { ++told; });
  EXPECT_FALSE(cancel.canceled());
  cancel.cancel();
  cancel.cancel();
  EXPECT_TRUE(cancel.canceled());
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace tidegate
