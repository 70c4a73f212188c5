// Roll-ups say what the records say: for any records, after a rebuild, and in a ledger of before.
#include "ledger/rollup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "base/scratch_dir.h"
#include "ledger/ledger_schema.h"
#include "ledger/ledger_state.h"
#include "ledger/ledger_store.h"
#include "ledger/report.h"
#include "ledger/rollup_text.h"
#include "ledger/sample_record.h"
#include "ledger/task_rows.h"
#include "ledger/test_store.h"

namespace tidegate::ledger {
namespace {

using Content = std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::string>, Sums>;

class RollupTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (!IsSkipped()) place_ = ledger_at(address(path_), dir_ / "none");
  }
  std::unique_ptr<store::Store> plain() const {
    auto opened = open_to_write(address(path_))({});
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  std::unique_ptr<LedgerStore> open() const {
    auto opened = LedgerStore::open(plain());
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[random_() % of.size()];
  }

  // From three days around a change of days, with names that need escapes.
  UsageRecord random_record() {
    UsageRecord record = sample_record(random_() % 1000);
    record.started =
        WallTime{1'790'000'000s} + std::chrono::microseconds(random_() % (72ull * kMicrosPerHour));
    record.task = any<std::string>({"", "t1", "t2", "quote\"d", "b\\ck", "日本"});
    record.role = any<std::string>({"", "coder", "re\"viewer"});
    record.key = any<std::string>({"k1", "k2", ""});
    record.model = any<std::string_view>({"a", "b"});
    record.last = random_() % 4 != 0;
    record.peak = random_() % 3 == 0;
    record.outcome = random_() % 3 == 0 ? Outcome::provider_error : Outcome::ok;
    record.usage = {.prompt = static_cast<Tokens>(random_() % 5000),
                    .cached = static_cast<Tokens>(random_() % 500),
                    .cache_write = static_cast<Tokens>(random_() % 3),
                    .completion = static_cast<Tokens>(random_() % 900),
                    .reasoning = static_cast<Tokens>(random_() % 90)};
    record.cost.reset();
    if (random_() % 5 != 0)
      record.cost = NanoDollars{static_cast<std::int64_t>(random_() % 100'000)};
    record.saved_by_cache = {static_cast<std::int64_t>(random_() % 2000) - 1000};
    record.saved_by_window = {static_cast<std::int64_t>(random_() % 3) * 50};
    return record;
  }

  Segment random_segment(std::int64_t id) {
    SegmentBuilder builder;
    const std::uint64_t count = 1 + random_() % 40;
    for (std::uint64_t i = 0; i < count; ++i) builder.add(random_record());
    return builder.finish(id);
  }

  // All roll-ups, by kind, bucket, label set and task.
  static Content content(store::Store& store) {
    std::map<std::int64_t, std::string> sets;
    EXPECT_TRUE(store.query("SELECT id, labels FROM label_set", {},
                            [&](const store::Row& row) { sets[row.integer(0)] = row.text(1); }));
    Content found;
    EXPECT_TRUE(
        store.query("SELECT kind, bucket, sums FROM rollup", {}, [&](const store::Row& row) {
          const bool tasks = row.integer(0) == static_cast<std::int64_t>(RollupKind::task);
          const auto add = [&](const RollupEntry& entry) {
            found[{row.integer(0), row.integer(1), sets.at(entry.label_set),
                   tasks ? std::string(entry.task) : ""}] += entry.sums;
          };
          std::array<RollupEntry, 8> entries;
          TaskRowReader reader(tasks ? row.text(2) : "");
          while (const std::size_t count = reader.next(entries)) {
            for (std::size_t i = 0; i < count; ++i) add(entries[i]);
          }
          RollupCursor cursor(tasks ? "" : row.text(2), false);
          while (cursor.next(entries[0])) add(entries[0]);
          EXPECT_FALSE(reader.damaged() || cursor.damaged());
        }));
    return found;
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "l.db";
  LedgerPlace place_;
  std::mt19937_64 random_{20261130};
};

TEST_P(RollupTest, BuildersCountWhatReadersCount) {
  for (int i = 0; i < 50; ++i) {
    const Segment built = random_segment(i);
    Segment read = built;
    read.tallies.clear();
    read.has_tasks = false;
    ASSERT_TRUE(count(read));
    EXPECT_EQ(read.has_tasks, built.has_tasks);
    const auto sorted = [](std::vector<LabelTally> tallies) {
      std::ranges::sort(tallies, {}, &LabelTally::begin);
      return tallies;
    };
    EXPECT_EQ(sorted(read.tallies), sorted(built.tallies));
  }
}

TEST_P(RollupTest, ReportsSayTheSameByRollupAndByRecord) {
  {
    auto store = open();
    for (std::int64_t id = 0; id < 60; ++id) {
      const Segment segment = random_segment(id);
      ASSERT_TRUE(store->insert(std::span(&segment, 1)));
    }
  }
  const std::vector<GroupBy> groups{GroupBy::model, GroupBy::role, GroupBy::key,
                                    GroupBy::task,  GroupBy::day,  GroupBy::hour};
  const std::vector<std::string> zones{"UTC", "Europe/Berlin", "Asia/Kolkata"};
  const int queries = is_postgres() ? 40 : 200;  // each is a connection
  for (int i = 0; i < queries; ++i) {
    Query query;
    query.by = {any(groups)};
    if (const GroupBy second = any(groups); second != query.by[0]) query.by.push_back(second);
    query.zone = *TimeZone::find(any(zones));
    const WallTime begin{1'790'000'000s};
    const auto moment = [&] {
      const auto at = begin + std::chrono::microseconds(random_() % (72ull * kMicrosPerHour));
      return random_() % 2 == 0 ? at : WallTime{std::chrono::floor<std::chrono::hours>(at)};
    };
    if (random_() % 3 != 0) query.since = moment();
    if (random_() % 3 != 0) query.until = moment();
    if (random_() % 3 == 0) query.filters.push_back({GroupBy::key, {"k1", ""}});
    if (random_() % 4 == 0)
      query.filters.push_back({GroupBy::task, {any<std::string>({"t1", "", "quote\"d"})}});
    query.tasks = random_() % 2 == 0;
    const auto fast = run_report(place_, query);
    query.reprice = [](const Label&, const Entry& entry) { return entry.cost; };
    const auto slow = run_report(place_, query);
    ASSERT_TRUE(fast && slow) << (fast ? slow.error() : fast.error()).message;
    ASSERT_EQ(fast->rows.size(), slow->rows.size())
        << to_string(*fast, write_text) << to_string(*slow, write_text);
    for (std::size_t r = 0; r < fast->rows.size(); ++r) {
      const ReportRow& a = fast->rows[r];
      const ReportRow& b = slow->rows[r];
      ASSERT_EQ(std::tie(a.names, a.sums.values, a.tasks, a.succeeded_tasks),
                std::tie(b.names, b.sums.values, b.tasks, b.succeeded_tasks))
          << to_string(*fast, write_text) << to_string(*slow, write_text);
    }
    ASSERT_EQ(fast->total.sums, slow->total.sums);
    ASSERT_EQ(fast->total.tasks, slow->total.tasks);
    ASSERT_EQ(fast->total.succeeded_tasks, slow->total.succeeded_tasks);
  }
}

TEST_P(RollupTest, ARebuildGivesTheSame) {
  auto store = open();
  std::vector<Segment> segments;
  for (std::int64_t id = 0; id < 450; ++id) segments.push_back(random_segment(id));
  for (std::size_t at = 0; at < segments.size(); at += 50) {
    ASSERT_TRUE(store->insert(std::span(segments).subspan(at, 50)));
  }
  auto other = plain();
  const Content before = content(*other);
  EXPECT_GT(before.size(), 500u);
  ASSERT_TRUE(forget_rollups(*other));
  EXPECT_TRUE(content(*other).empty());
  const Segment meanwhile = random_segment(1000);
  ASSERT_TRUE(store->insert(std::span(&meanwhile, 1)));

  // Reports are right all the time, if slower.
  const auto attempts = [&] { return run_report(place_, {})->total.sums[Measure::attempts]; };
  const std::int64_t all = attempts();
  int steps = 1;
  auto more = store->roll_up_older();
  for (; more && *more; more = store->roll_up_older()) {
    ++steps;
    EXPECT_EQ(attempts(), all);
  }
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(attempts(), all);
  EXPECT_EQ(*read_state(*other, state::kRollUpUntil), std::nullopt);

  Content expected = before;
  auto alone = *store::open_sqlite({.path = dir_ / "alone.db"});
  ASSERT_TRUE(migrate_schema(*alone));
  Rollup rollup;
  ASSERT_TRUE(rollup.add(*alone, meanwhile));
  ASSERT_TRUE(rollup.save(*alone));
  for (const auto& [key, sums] : content(*alone)) expected[key] += sums;
  EXPECT_EQ(content(*other), expected);
}

TEST_P(RollupTest, TheSameSegmentCountsOnce) {
  auto store = open();
  const Segment segment = random_segment(7);
  const auto first = store->insert(std::vector{segment, segment});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->segments, 1u);
  auto other = plain();
  const Content before = content(*other);
  const auto again = open()->insert(std::span(&segment, 1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->segments, 0u);
  EXPECT_EQ(content(*other), before);
}

TEST_P(RollupTest, WhatCannotBeReadIsNotKept) {
  auto store = open();
  const std::vector<Segment> segments{
      {.id = 1, .count = 1, .labels = "[{}]", .records = "garbage", .tallies = {}},
      random_segment(2)};
  const auto inserted = store->insert(segments);
  ASSERT_TRUE(inserted);
  EXPECT_EQ(inserted->damaged, 1u);
  EXPECT_EQ(inserted->segments, 1u);
  EXPECT_TRUE(run_report(place_, {}));
}

TEST_P(RollupTest, ALedgerOfBeforeIsBroughtUpOnce) {
  if (is_postgres()) GTEST_SKIP() << "there was none";
  const Segment old = random_segment(5);
  {
    auto store = plain();
    // As version 2 left it, as far as it matters.
    ASSERT_TRUE(store->execute(
        "CREATE TABLE segment (id INTEGER PRIMARY KEY, first_us INTEGER NOT NULL,"
        " last_us INTEGER NOT NULL, count INTEGER NOT NULL, labels TEXT NOT NULL,"
        " records TEXT NOT NULL);"
        "CREATE TRIGGER segment_stays BEFORE DELETE ON segment"
        " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
        "CREATE VIEW attempt AS SELECT 1;"
        "CREATE TABLE schema_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        " WITHOUT ROWID;"
        "INSERT INTO schema_version VALUES ('ledger', 2)"));
    const std::array<store::Value, 6> values{old.id,
                                             old.first_us,
                                             old.last_us,
                                             old.count,
                                             std::string_view(old.labels),
                                             std::string_view(old.records)};
    ASSERT_TRUE(store->run("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)", values));
  }
  const auto before = run_report(place_, {});
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(before->total.sums[Measure::attempts], old.count);
  auto store = open();
  EXPECT_EQ(run_report(place_, {})->total.sums, before->total.sums) << "brought up, not rolled up";
  EXPECT_EQ(store->roll_up_older(), false);
  EXPECT_EQ(run_report(place_, {})->total.sums, before->total.sums);
  EXPECT_FALSE(content(*plain()).empty());
}

TEST_P(RollupTest, ANewerLedgerIsLeftAloneAndSaid) {
  open();
  ASSERT_TRUE(plain()->execute("UPDATE schema_version SET version = 99"));
  const auto opened = LedgerStore::open(plain());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("version 99"), std::string::npos);
  EXPECT_NE(run_report(place_, {}).error().message.find("newer"), std::string::npos);
}

// Two gateways of one ledger may make the same id.
TEST_P(RollupTest, ASegmentWhoseIdIsTakenGetsAnother) {
  const auto segment = [](std::uint64_t number) {
    SegmentBuilder builder;
    builder.add(sample_record(number));
    return builder.finish(7);
  };
  auto store = open();
  EXPECT_EQ(store->insert(std::vector{segment(1)})->segments, 1u);
  EXPECT_EQ(store->insert(std::vector{segment(2), segment(3)})->segments, 2u);
  EXPECT_EQ(store->insert(std::vector{segment(1), segment(3), segment(2)})->segments, 0u);
  EXPECT_EQ(run_report(place_, {})->total.sums[Measure::attempts], 3);
}

TEST_P(RollupTest, WhatIsTooOldIsDeletedAndItsSumsStay) {
  auto store = open();
  const auto segment_at = [](std::int64_t id, WallTime started) {
    SegmentBuilder builder;
    UsageRecord record = sample_record(1);
    record.started = started;
    builder.add(record);
    record.started += 10min;
    builder.add(record);
    return builder.finish(id);
  };
  const WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 10 / 2} + 12h};
  ASSERT_TRUE(store->insert(
      std::vector{segment_at(1, noon), segment_at(2, noon + 55min), segment_at(3, noon + 5h)}));
  const Sums all = run_report(place_, {})->total.sums;
  EXPECT_EQ(store->delete_older(noon), false) << "nothing is that old";
  EXPECT_EQ(store->delete_older(noon + 1h), false);
  std::int64_t left = 0;
  ASSERT_TRUE(plain()->query("SELECT count(*) FROM segment", {},
                             [&](const store::Row& row) { left = row.integer(0); }));
  EXPECT_EQ(left, 2) << "the second has a record that is younger";
  EXPECT_EQ(run_report(place_, {})->total.sums, all);
  EXPECT_FALSE(plain()->execute("DELETE FROM segment")) << "nothing else may be deleted";
  EXPECT_EQ(store->insert(std::vector{segment_at(1, noon)})->segments, 0u) << "from an old file";
  EXPECT_EQ(open()->insert(std::vector{segment_at(1, noon)})->segments, 0u);
  EXPECT_EQ(run_report(place_, {})->total.sums, all);

  Query query;
  query.since = noon;
  EXPECT_EQ(run_report(place_, query)->total.sums, all);
  query.since = noon + 5min;
  const auto half = run_report(place_, query);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().field, "since");
  EXPECT_NE(half.error().message.find("whole hours"), std::string::npos);
  query.since.reset();
  query.reprice = [](const Label&, const Entry& entry) { return entry.cost; };
  const auto repriced = run_report(place_, query);
  ASSERT_TRUE(repriced);
  EXPECT_EQ(repriced->total.sums[Measure::attempts], 4);
  ASSERT_EQ(repriced->notes.size(), 1u);
  EXPECT_NE(repriced->notes[0].find("deleted"), std::string::npos);
}

TIDEGATE_ON_BOTH_STORES(RollupTest);

}  // namespace
}  // namespace tidegate::ledger
