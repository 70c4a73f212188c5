#include "ledger/intake.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ledger/sample_record.h"

namespace tidegate::ledger {
namespace {

using Added = Intake::Added;

// Takes everything; gives the numbers of its records, in the order of each thread.
std::vector<std::uint64_t> take(Intake& intake) {
  std::vector<std::uint64_t> numbers;
  intake.take([&](SegmentBuilder& builder) {
    const Segment segment = builder.finish(1);
    const auto read = read_records(segment.records, 1'000'000, [&](const Entry& entry) {
      RequestId id;
      EXPECT_TRUE(RequestId::parse(entry.request, id));
      numbers.push_back(id.low());
    });
    EXPECT_TRUE(read);
  });
  return numbers;
}

TEST(Intake, GivesRecordsInTheOrderOfArrival) {
  Intake intake;
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(intake.add(sample_record(i)), Added::quietly);
  EXPECT_EQ(take(intake), (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(take(intake).empty()) << "taken twice";
}

TEST(Intake, OnlyTheFirstRecordAfterFallingAsleepMustWakeTheTaker) {
  Intake intake;
  EXPECT_TRUE(intake.fall_asleep());
  EXPECT_EQ(intake.add(sample_record(0)), Added::first);
  EXPECT_EQ(intake.add(sample_record(1)), Added::quietly);
  EXPECT_FALSE(intake.fall_asleep()) << "there are records";
  EXPECT_EQ(take(intake).size(), 2u);

  EXPECT_TRUE(intake.fall_asleep());
  intake.wake_up();
  EXPECT_EQ(intake.add(sample_record(2)), Added::quietly) << "the taker is up already";
}

TEST(Intake, AFullSegmentAsksForAnEarlyTaker) {
  Intake intake;
  for (std::int64_t i = 1; i < Intake::kFull; ++i) {
    ASSERT_EQ(intake.add(sample_record(0)), Added::quietly);
  }
  EXPECT_EQ(intake.add(sample_record(0)), Added::full);
  EXPECT_EQ(intake.add(sample_record(0)), Added::quietly) << "asked once";
}

// More threads than slots, so that some must share.
TEST(Intake, LosesNothingBetweenManyWorkersAndATaker) {
  constexpr std::uint64_t kThreads = 80;
  constexpr std::uint64_t kEach = 500;
  Intake intake;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&intake, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        static_cast<void>(intake.add(sample_record(t * kEach + i)));
      }
    });
  }
  std::vector<int> seen(kThreads * kEach);
  std::uint64_t taken = 0;
  while (taken < kThreads * kEach) {
    for (const std::uint64_t number : take(intake)) {
      ASSERT_EQ(++seen[number], 1);
      ++taken;
    }
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(take(intake).empty());
}

}  // namespace
}  // namespace tidegate::ledger
