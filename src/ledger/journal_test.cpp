#include "ledger/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "base/scratch_dir.h"
#include "ledger/journal_frame.h"

namespace tidegate::ledger {
namespace {

Segment segment(std::int64_t id, std::size_t size = 20) {
  return {.id = id,
          .first_us = id,
          .last_us = id + 1,
          .count = 2,
          .labels = "[{}]",
          .records = std::string(size, 'r'),
          .tallies = {}};
}

class JournalTest : public testing::Test {
 protected:
  // Reads everything that is there, step by step.
  std::vector<std::int64_t> drain(Journal& journal) {
    std::vector<std::int64_t> ids;
    while (journal.pending() != 0) {
      const auto drained = journal.drain([&](std::span<const Segment> segments) -> Result<void> {
        for (const Segment& s : segments) ids.push_back(s.id);
        return {};
      });
      EXPECT_TRUE(drained) << drained.error().message;
      if (!drained) break;
    }
    return ids;
  }
  void append(Journal& journal, std::vector<Segment> segments) {
    const auto appended = journal.append(segments);
    EXPECT_TRUE(appended) << appended.error().message;
  }

  static std::string frames(const std::vector<Segment>& segments) {
    std::string bytes;
    for (const Segment& segment : segments) append_frame(bytes, segment);
    return bytes;
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "journal";
};

TEST(Crc32c, IsTheStandardsAndTheSameByTables) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(crc32c(bytes), crc32c_by_tables(bytes)) << i;
    bytes += static_cast<char>(i * 37);
  }
}

TEST_F(JournalTest, GivesBackWhatWasAppendedAndEndsEmpty) {
  {
    Journal journal(path_);
    EXPECT_EQ(journal.pending(), 0u);
    EXPECT_FALSE(std::filesystem::exists(path_)) << "looking makes no file";
    append(journal, {segment(1), segment(2, 0)});
    append(journal, {segment(3)});
  }
  Journal again(path_);
  EXPECT_EQ(drain(again), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_TRUE(read_journal(path_)->empty());
  append(again, {segment(4)});
  EXPECT_EQ(drain(again), std::vector<std::int64_t>{4});
  EXPECT_EQ(again.torn(), 0u);
}

TEST_F(JournalTest, GoesOnBehindWhatAnEarlierProcessLeft) {
  {
    append(*std::make_unique<Journal>(path_), {segment(1)});
  }
  Journal again(path_);
  append(again, {segment(2)});
  EXPECT_EQ(drain(again), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(JournalTest, UsesItsSpaceAgainWithoutShowingTheRoundBefore) {
  Journal journal(path_);
  append(journal, {segment(1, 50'000), segment(2)});
  const auto size = std::filesystem::file_size(path_);
  EXPECT_EQ(drain(journal).size(), 2u);
  append(journal, {segment(3)});
  EXPECT_EQ(std::filesystem::file_size(path_), size);
  const auto seen = read_journal(path_);
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ(seen->front().id, 3);
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{3});
}

TEST_F(JournalTest, GivesTheDiskBackAfterAnOutage) {
  Journal journal(path_);
  for (std::int64_t id = 0; id < 20; ++id) append(journal, {segment(id, 1'000'000)});
  EXPECT_GT(std::filesystem::file_size(path_), 18'000'000u);
  EXPECT_EQ(drain(journal).size(), 20u);
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
  append(journal, {segment(20)});
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{20});
}

TEST_F(JournalTest, ASecondWriterIsRefused) {
  Journal journal(path_);
  append(journal, {segment(1)});
  Journal second(path_);
  const auto refused = second.append(std::vector{segment(2)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.pending(), 0u);
}

TEST_F(JournalTest, GoesThroughALargeFileInSteps) {
  Journal journal(path_);
  std::vector<std::int64_t> expected;
  for (std::int64_t id = 0; id < 12; ++id) {
    append(journal, {segment(id, 300'000)});
    expected.push_back(id);
  }
  append(journal, {segment(12, 2'500'000)});  // larger than a step
  expected.push_back(12);
  EXPECT_EQ(drain(journal), expected);
  EXPECT_EQ(journal.torn(), 0u);
}

// A step reads a mebibyte and then the rest of a frame that is larger.
TEST_F(JournalTest, ReadsFramesThatAreLargerThanAStep) {
  Journal journal(path_);
  std::int64_t id = 0;
  for (const std::size_t size : {1u << 20, (1u << 20) + 50'000, 2u << 20, (2u << 20) + 100'000}) {
    append(journal, {segment(id, size), segment(id + 1, size)});
    EXPECT_EQ(drain(journal), (std::vector<std::int64_t>{id, id + 1})) << size;
    id += 2;
  }
  EXPECT_EQ(journal.torn(), 0u);
}

TEST_F(JournalTest, SkipsATornTailAndReadsWhatFollowsIt) {
  {
    append(*std::make_unique<Journal>(path_), {segment(1), segment(2)});
  }
  std::filesystem::resize_file(path_, frames({segment(1), segment(2)}).size() - 5);
  Journal journal(path_);
  append(journal, {segment(3)});
  EXPECT_EQ(drain(journal), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(journal.torn(), 1u);
}

TEST_F(JournalTest, EveryCutAndEveryFlippedByteLosesOnlyTheFrameItHits) {
  const std::string bytes = frames({segment(1), segment(2), segment(3)});
  const auto write = [&](const std::string& what) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << what;
  };
  const std::size_t frame = bytes.size() / 3;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    write(bytes.substr(0, i));
    {
      Journal cut(path_);
      EXPECT_EQ(drain(cut).size(), i / frame) << "cut at " << i;
      EXPECT_EQ(cut.torn(), i % frame == 0 ? 0u : 1u);
    }
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    write(flipped);
    Journal damaged(path_);
    EXPECT_EQ(drain(damaged).size(), 2u) << "flipped at " << i;
    EXPECT_GE(damaged.torn(), 1u);
  }
}

TEST_F(JournalTest, WhatIsRefusedStays) {
  Journal journal(path_);
  append(journal, {segment(1)});
  EXPECT_FALSE(journal.drain([](auto) -> Result<void> { return fail(ErrorCode::io, "full"); }));
  EXPECT_GT(journal.pending(), 0u);
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{1});
}

TEST_F(JournalTest, WhatIsPassedOverIsNotReadAgain) {
  Journal journal(path_);
  const auto first = journal.append(std::vector{segment(1), segment(2)});
  ASSERT_TRUE(first && first->alone);
  const auto second = journal.append(std::vector{segment(3)});
  ASSERT_TRUE(second && !second->alone);
  EXPECT_EQ(second->begin, first->end);
  ASSERT_TRUE(journal.pass_over(*second)) << "is not the first that is pending";
  ASSERT_TRUE(journal.pass_over(*first));
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{3});
  const auto last = journal.append(std::vector{segment(4)});
  ASSERT_TRUE(last && last->alone);
  ASSERT_TRUE(journal.pass_over(*last));
  EXPECT_EQ(journal.pending(), 0u);
  EXPECT_TRUE(read_journal(path_)->empty());
}

// It looked while another process had the file, which left something when it was killed.
TEST_F(JournalTest, FindsWhatAnotherProcessLeftAfterItsLook) {
  auto other = std::make_unique<Journal>(path_);
  append(*other, {segment(1)});
  Journal journal(path_);
  EXPECT_EQ(journal.pending(), 0u);
  EXPECT_FALSE(journal.append(std::vector{segment(2)}));
  other.reset();
  const auto place = journal.append(std::vector{segment(2)});
  ASSERT_TRUE(place);
  EXPECT_FALSE(place->alone);
  ASSERT_TRUE(journal.pass_over(*place));
  EXPECT_EQ(drain(journal), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(JournalTest, APlaceInAFileThatWasRemovedPassesOverNothing) {
  Journal journal(path_);
  const auto place = journal.append(std::vector{segment(1)});
  ASSERT_TRUE(place);
  std::filesystem::remove(path_);
  append(journal, {segment(2)});
  ASSERT_TRUE(journal.pass_over(*place));
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{2});
}

TEST_F(JournalTest, AFileThatVanishesWhileItIsDrainedTakesNothingAlong) {
  Journal journal(path_);
  append(journal, {segment(1)});
  EXPECT_TRUE(journal.drain([&](auto) -> Result<void> {
    std::filesystem::remove(path_);
    append(journal, {segment(2)});
    return {};
  }));
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{2});
}

TEST_F(JournalTest, AFullDiskAndAMissingFolderAreErrors) {
  Journal full("/dev/full");
  EXPECT_FALSE(full.append(std::vector{segment(1)}));
  Journal nowhere(dir_ / "no" / "journal");
  EXPECT_FALSE(nowhere.append(std::vector{segment(1)}));
  EXPECT_EQ(nowhere.pending(), 0u);
}

TEST_F(JournalTest, SurvivesTheRemovalOfItsFile) {
  Journal journal(path_);
  append(journal, {segment(1)});
  std::filesystem::remove(path_);
  append(journal, {segment(2)});
  EXPECT_EQ(drain(journal), std::vector<std::int64_t>{2});
}

}  // namespace
}  // namespace tidegate::ledger
