#include "ledger/record_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "ledger/sample_record.h"

namespace tidegate::ledger {
namespace {

TEST(RecordQueue, GivesRecordsInTheOrderOfArrival) {
  RecordQueue queue;
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_FALSE(queue.push(sample_record(i)));
  std::vector<std::uint64_t> seen;
  queue.take([&](const UsageRecord& record) { seen.push_back(record.request.low()); });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
  queue.take([](const UsageRecord&) { FAIL() << "taken twice"; });
}

TEST(RecordQueue, OnlyTheFirstRecordAfterFallingAsleepMustWakeTheTaker) {
  RecordQueue queue;
  EXPECT_TRUE(queue.fall_asleep());
  EXPECT_TRUE(queue.push(sample_record(0)));
  EXPECT_FALSE(queue.push(sample_record(1)));
  EXPECT_FALSE(queue.fall_asleep()) << "there are records";
  int taken = 0;
  queue.take([&](const UsageRecord&) { ++taken; });
  EXPECT_EQ(taken, 2);

  EXPECT_TRUE(queue.fall_asleep());
  queue.wake_up();
  EXPECT_FALSE(queue.push(sample_record(2))) << "the taker is up already";
}

TEST(RecordQueue, LosesNothingBetweenManyPushersAndATaker) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kEach = 5'000;
  RecordQueue queue;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&queue, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        static_cast<void>(queue.push(sample_record(t * kEach + i)));
      }
    });
  }
  std::vector<std::uint64_t> next(kThreads);
  std::uint64_t taken = 0;
  while (taken < kThreads * kEach) {
    queue.take([&](const UsageRecord& record) {
      const std::uint64_t number = record.request.low();
      ASSERT_EQ(number % kEach, next[number / kEach]++) << "each pusher's order is kept";
      ++taken;
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tidegate::ledger
