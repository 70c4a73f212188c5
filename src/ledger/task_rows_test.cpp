#include "ledger/task_rows.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tidegate::ledger {
namespace {

struct Read {
  std::vector<RollupEntry> entries;
  bool damaged = false;
};

Read read(std::string_view row, std::size_t at_once = 7) {
  Read all;
  TaskRowReader reader(row);
  std::vector<RollupEntry> some(at_once);
  while (const std::size_t count = reader.next(some)) {
    all.entries.insert(all.entries.end(), some.begin(),
                       some.begin() + static_cast<std::ptrdiff_t>(count));
  }
  all.damaged = reader.damaged();
  return all;
}

void expect_like(const std::vector<RollupEntry>& read, const std::vector<RollupEntry>& written) {
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].label_set, written[i].label_set);
    EXPECT_EQ(read[i].task, written[i].task);
    EXPECT_EQ(read[i].last_us, written[i].last_us);
    EXPECT_EQ(read[i].last_ok, written[i].last_ok);
    EXPECT_EQ(read[i].sums, written[i].sums);
  }
}

// Numbers of all sizes, in columns that have one size and in such that mix them.
std::vector<RollupEntry> random_entries(std::mt19937_64& random, std::size_t count) {
  static const std::vector<std::string> kTasks{
      "", "a", "task-17", R"(a\"quote)", "日本", std::string(300, 'x')};
  std::array<int, kMeasures> most_bits{};
  for (int& bits : most_bits) bits = static_cast<int>(random() % 65);
  std::vector<RollupEntry> entries(count);
  for (RollupEntry& entry : entries) {
    entry.label_set = static_cast<std::int64_t>(random() % 100);
    entry.task = kTasks[random() % kTasks.size()];
    entry.last_us = random() % 9 == 0 ? 0 : 1'790'000'000'000'000 + std::int64_t(random() % 3600);
    entry.last_ok = static_cast<std::int64_t>(random() % 2);
    for (std::size_t i = 0; i < kMeasures; ++i) {
      const int bits = most_bits[i];
      entry.sums.values[i] = bits == 0 ? 0 : static_cast<std::int64_t>(random() >> (64 - bits));
    }
  }
  return entries;
}

TEST(TaskRows, AreReadAsTheyWereWritten) {
  std::mt19937_64 random{20261130};
  for (std::size_t round = 0; round < 2000; ++round) {
    const auto entries = random_entries(random, random() % 70);
    const std::string row = task_row(entries);
    const Read found = read(row, 1 + random() % 40);
    EXPECT_FALSE(found.damaged) << row;
    expect_like(found.entries, entries);
  }
}

TEST(TaskRows, HoldTheLargestAndTheSmallestNumbers) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::vector<RollupEntry> entries(3);
  entries[0].sums.values.fill(Limits::min());
  entries[1].sums.values.fill(Limits::max());
  entries[2].sums.values.fill(-1);
  const std::string row = task_row(entries);
  expect_like(read(row).entries, entries);
}

TEST(TaskRows, NeedLittleForWhatIsAlike) {
  std::vector<RollupEntry> entries(
      1000,
      {.label_set = 1, .task = "t", .last_us = 1'790'000'000'000'000, .last_ok = 1, .sums = {}});
  EXPECT_LT(task_row(entries).size(), 2 * entries.size() + 50) << "a line feed and a name";
}

TEST(TaskRows, AreTextThatEveryStoreTakes) {
  std::mt19937_64 random{7};
  for (const char c : task_row(random_entries(random, 500))) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
  }
}

TEST(TaskRows, OfNothing) {
  EXPECT_TRUE(read("").entries.empty());
  EXPECT_FALSE(read("").damaged);
  EXPECT_TRUE(read(task_row({})).entries.empty());
  EXPECT_FALSE(read(task_row({})).damaged);
}

TEST(TaskRows, OfBeforeAreJson) {
  const Read found = read(R"([[3,"a\"b",1790000000000000,1,2,2,1,500],[4,"c",0,0,1]])");
  EXPECT_FALSE(found.damaged);
  ASSERT_EQ(found.entries.size(), 2u);
  EXPECT_EQ(found.entries[0].label_set, 3);
  EXPECT_EQ(found.entries[0].task, R"(a\"b)");
  EXPECT_EQ(found.entries[0].last_us, 1'790'000'000'000'000);
  EXPECT_EQ(found.entries[0].last_ok, 1);
  EXPECT_EQ(found.entries[0].sums[Measure::prompt], 500);
  EXPECT_EQ(found.entries[1].sums[Measure::attempts], 1);
  EXPECT_TRUE(read(R"([[3,"a",1790000000000000,1,2)").damaged);
}

TEST(TaskRows, SayThatTheyAreDamaged) {
  std::mt19937_64 random{3};
  const auto entries = random_entries(random, 20);
  const std::string row = task_row(entries);
  for (std::size_t size = 1; size < row.size(); ++size) {
    // Only the last task's name can end earlier without a sign of it.
    EXPECT_TRUE(read(row.substr(0, size)).damaged || size > row.rfind('\n')) << size;
  }
  for (const char* const other :
       {"x", "t", "t1", "t11", "t11:00", "hello", "{}", "t00", "t00;\na"}) {
    EXPECT_TRUE(read(other).damaged) << other;
  }
  // Nothing that stands there makes it read beyond the row.
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = row;
    changed[random() % changed.size()] = static_cast<char>(random() % 256);
    read(changed);
  }
}

}  // namespace
}  // namespace tidegate::ledger
