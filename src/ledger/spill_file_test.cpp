#include "ledger/spill_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "ledger/scratch_dir.h"

namespace tidegate::ledger {
namespace {

Segment segment(std::int64_t id, std::size_t size = 20) {
  return {.id = id,
          .first_us = id,
          .last_us = id + 1,
          .count = 2,
          .labels = "[{}]",
          .records = std::string(size, 'r')};
}

class SpillFileTest : public testing::Test {
 protected:
  // Reads everything that is there, step by step.
  std::vector<std::int64_t> drain(SpillFile& spill) {
    std::vector<std::int64_t> ids;
    while (spill.pending()) {
      const auto drained = spill.drain([&](std::span<const Segment> segments) -> Result<void> {
        for (const Segment& s : segments) ids.push_back(s.id);
        return {};
      });
      EXPECT_TRUE(drained) << drained.error().message;
      if (!drained) break;
    }
    return ids;
  }
  void append(SpillFile& spill, std::vector<Segment> segments) {
    const auto appended = spill.append(segments);
    EXPECT_TRUE(appended) << appended.error().message;
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "spill";
};

TEST_F(SpillFileTest, GivesBackWhatWasAppendedAndEndsEmpty) {
  SpillFile spill(path_);
  EXPECT_FALSE(spill.pending());
  EXPECT_FALSE(std::filesystem::exists(path_)) << "looking makes no file";
  append(spill, {segment(1), segment(2, 0)});
  append(spill, {segment(3)});
  SpillFile again(path_);
  EXPECT_EQ(drain(again), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
  append(again, {segment(4)});
  EXPECT_EQ(drain(again), std::vector<std::int64_t>{4});
  EXPECT_EQ(again.torn(), 0u);
}

TEST_F(SpillFileTest, GoesThroughALargeFileInSteps) {
  SpillFile spill(path_);
  std::vector<std::int64_t> expected;
  for (std::int64_t id = 0; id < 12; ++id) {
    append(spill, {segment(id, 300'000)});
    expected.push_back(id);
  }
  append(spill, {segment(12, 2'500'000)});  // larger than a step
  expected.push_back(12);
  EXPECT_EQ(drain(spill), expected);
  EXPECT_EQ(spill.torn(), 0u);
}

TEST_F(SpillFileTest, SkipsATornTailAndReadsWhatFollowsIt) {
  SpillFile spill(path_);
  append(spill, {segment(1), segment(2)});
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 5);
  append(spill, {segment(3)});
  EXPECT_EQ(drain(spill), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(spill.torn(), 1u);
}

TEST_F(SpillFileTest, EveryCutAndEveryFlippedByteLosesOnlyTheFrameItHits) {
  std::string bytes;
  {
    SpillFile spill(path_);
    append(spill, {segment(1), segment(2), segment(3)});
    std::ifstream in(path_, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto write = [&](const std::string& what) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << what;
  };
  const std::size_t frame = bytes.size() / 3;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    write(bytes.substr(0, i));
    SpillFile cut(path_);
    EXPECT_EQ(drain(cut).size(), i / frame) << "cut at " << i;
    EXPECT_EQ(cut.torn(), i % frame == 0 ? 0u : 1u);

    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    write(flipped);
    SpillFile damaged(path_);
    EXPECT_EQ(drain(damaged).size(), 2u) << "flipped at " << i;
    EXPECT_GE(damaged.torn(), 1u);
  }
}

TEST_F(SpillFileTest, WhatIsRefusedStays) {
  SpillFile spill(path_);
  append(spill, {segment(1)});
  EXPECT_FALSE(spill.drain([](auto) -> Result<void> { return fail(ErrorCode::io, "full"); }));
  EXPECT_TRUE(spill.pending());
  EXPECT_EQ(drain(spill), std::vector<std::int64_t>{1});
}

TEST_F(SpillFileTest, AFullDiskAndAMissingFolderAreErrors) {
  SpillFile full("/dev/full");
  EXPECT_FALSE(full.append(std::vector{segment(1)}));
  SpillFile nowhere(dir_ / "no" / "spill");
  EXPECT_FALSE(nowhere.append(std::vector{segment(1)}));
  EXPECT_FALSE(nowhere.pending());
}

TEST_F(SpillFileTest, SurvivesTheRemovalOfItsFile) {
  SpillFile spill(path_);
  append(spill, {segment(1)});
  std::filesystem::remove(path_);
  append(spill, {segment(2)});
  EXPECT_EQ(drain(spill), std::vector<std::int64_t>{2});
}

}  // namespace
}  // namespace tidegate::ledger
