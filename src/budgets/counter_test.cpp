#include "budgets/counter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tidegate::budgets {
namespace {

constexpr std::uint64_t kTerms = 1 << 16;
constexpr std::int64_t kDay = 86'400;

WallTime hour(int number, int minute = 0) {
  return WallTime{std::chrono::hours(number) + std::chrono::minutes(minute)};
}

TEST(Counter, HoldsNoMoreThanTheLimit) {
  Counter counter("", false);
  Counter::Slot& slot = counter.at(0);
  EXPECT_TRUE(slot.reserve({60}, {100}));
  EXPECT_FALSE(slot.reserve({41}, {100}));
  EXPECT_TRUE(slot.reserve({40}, {100}));
  slot.settle({60}, {10});
  EXPECT_EQ(slot.spent(), NanoDollars{10});
  EXPECT_EQ(slot.spent(), NanoDollars{10});
  EXPECT_EQ(slot.held(), NanoDollars{50});
  EXPECT_TRUE(slot.reserve({50}, {100}));
  // Dearer than reserved is spent all the same, and nothing more is given out.
  slot.settle({50}, {80});
  EXPECT_EQ(slot.held(), NanoDollars{130});
  EXPECT_FALSE(slot.reserve({1}, {100}));
  EXPECT_FALSE(slot.reserve({0}, {100}));
  slot.settle({40}, {});
  EXPECT_EQ(slot.held(), slot.spent());
  // An amount that no sum can hold.
  EXPECT_FALSE(slot.reserve({INT64_MAX}, {INT64_MAX}));
}

TEST(Counter, AnAllowanceIsALimitToo) {
  Counter counter("", false);
  Counter::Slot& slot = counter.at(0);
  slot.allow({30});
  EXPECT_FALSE(slot.reserve({31}, {100}));
  EXPECT_TRUE(slot.reserve({30}, {100}));
  slot.allow({60});
  EXPECT_TRUE(slot.reserve({30}, {100}));
}

TEST(Counter, KeepsPeriodsApartAndFindsThemAgain) {
  Counter counter("", false);
  Counter::Slot& monday = counter.at(0);
  monday.reserve_anyway({5});
  Counter::Slot& tuesday = counter.at(kDay);
  EXPECT_EQ(tuesday.held(), NanoDollars{0});
  tuesday.reserve_anyway({7});
  // What was reserved on Monday ends on Tuesday, and counts for Monday.
  monday.settle({5}, {4});
  EXPECT_EQ(counter.at(kDay).held(), NanoDollars{7});
  // The clock is set back, and forth again.
  EXPECT_EQ(&counter.at(0), &monday);
  EXPECT_EQ(monday.spent(), NanoDollars{4});
  EXPECT_EQ(&counter.at(kDay), &tuesday);
  // The fifth period takes the place of the first.
  for (const std::int64_t day : {2, 3, 4}) EXPECT_EQ(counter.at(day * kDay).held().value, 0);
  EXPECT_EQ(counter.at(kDay).held(), NanoDollars{7});
  EXPECT_EQ(counter.at(0).held(), NanoDollars{0});
}

TEST(Counter, AnAlertIsRaisedOncePerPeriod) {
  Counter counter("", false);
  EXPECT_TRUE(counter.at(0).raise(kTerms, 1));
  EXPECT_FALSE(counter.at(0).raise(kTerms, 1));
  EXPECT_TRUE(counter.at(0).raise(kTerms, 0));
  EXPECT_TRUE(counter.at(kDay).raise(kTerms, 1));
  EXPECT_TRUE(counter.at(kDay).raise(2 * kTerms, 1)) << "of another amount";
  EXPECT_FALSE(counter.at(kDay).raise(2 * kTerms, 1));
}

TEST(Counter, ThreadsTakeExactlyTheLimit) {
  constexpr int kThreads = 4;
  constexpr std::int64_t kLimit = 100'000;
  Counter counter("", false);
  std::atomic<std::int64_t> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::int64_t mine = 0;
      while (counter.at(kDay).reserve({3}, {kLimit})) {
        ++mine;
        // A third of it is spent, the rest comes back.
        counter.at(kDay).settle({3}, {1});
      }
      admitted += mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Counter::Slot& slot = counter.at(kDay);
  EXPECT_EQ(slot.spent().value, admitted.load());
  EXPECT_EQ(slot.held(), slot.spent());
  EXPECT_LE(slot.spent().value, kLimit);
  EXPECT_GT(slot.spent().value, kLimit - 3 * kThreads);
}

TEST(Counter, TheRateIsThatOfTheLastHour) {
  Counter counter("", false);
  counter.note_rate({100}, hour(10, 30));
  EXPECT_EQ(counter.last_hour(hour(10, 59)), NanoDollars{100});
  counter.note_rate({60}, hour(11, 0));
  EXPECT_EQ(counter.last_hour(hour(11, 15)), NanoDollars{60 + 75});
  // What the ledger has of the hour before comes late at a start.
  counter.note_rate({100}, hour(10, 10));
  EXPECT_EQ(counter.last_hour(hour(11, 30)), NanoDollars{60 + 100});
  EXPECT_EQ(counter.last_hour(hour(12, 30)), NanoDollars{30});
  EXPECT_EQ(counter.last_hour(hour(13, 0)), NanoDollars{0});
}

TEST(CounterTest, OneThatIsSharedHasItsAllowanceOnly) {
  Counter counter("", true);
  Counter::Slot& slot = counter.at(kDay);
  EXPECT_FALSE(slot.reserve({1}, {100}));
  EXPECT_EQ(slot.wanted(), NanoDollars{1});
  EXPECT_EQ(slot.wanted(), NanoDollars{});
  slot.allow({50});
  EXPECT_TRUE(slot.reserve({40}, {100}));
  EXPECT_FALSE(slot.reserve({11}, {100}));
  slot.hear({70});
  EXPECT_FALSE(slot.reserve({1}, {100})) << "40 here and 70 elsewhere are more than the budget";
  slot.hear({});
  // What is held cannot be taken back.
  EXPECT_EQ(slot.lower({10}), NanoDollars{40});
  EXPECT_FALSE(slot.reserve({1}, {100}));
  slot.settle({40}, {5});
  EXPECT_EQ(slot.lower({5}), NanoDollars{5});
  EXPECT_EQ(slot.total(), NanoDollars{5});
}

}  // namespace
}  // namespace tidegate::budgets
