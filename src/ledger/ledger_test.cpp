#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "base/scratch_dir.h"
#include "ledger/flaky_store.h"
#include "ledger/sample_record.h"
#include "ledger/segment.h"
#include "ledger/test_store.h"

namespace tidegate::ledger {
namespace {

class LedgerTest : public StoreTest {
 protected:
  std::unique_ptr<Ledger> open(std::string journal = "") {
    auto ledger =
        Ledger::open({.path = path_,
                      .journal_path = journal.empty() ? journal_ : std::move(journal),
                      .queue_limit = 1000,
                      .open_store = [this](const WhileWaiting&) { return open_store(); }});
    EXPECT_TRUE(ledger);
    return std::move(*ledger);
  }

  Result<std::unique_ptr<store::Store>> open_store() const {
    if (faults_->open) return fail(ErrorCode::io, "injected at open");
    auto store = is_postgres() ? open_to_write(address(path_))({})
                               : store::open_sqlite({.path = path_, .busy_timeout = 0ms});
    if (!store) return store;
    if (pages_ > 0) {
      std::ignore = (*store)->execute("PRAGMA max_page_count = " + std::to_string(pages_));
    }
    return std::make_unique<FlakyStore>(std::move(*store), faults_);
  }

  static void record(Ledger& ledger, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) ledger.record(sample_record(i));
  }

  // Numbers of the records in the store, each as often as it is there.
  std::multiset<std::uint64_t> stored() const {
    std::multiset<std::uint64_t> numbers;
    auto store = ledger_at(address(path_), "").open({});
    if (!store) return numbers;
    if (const auto has = (*store)->has_table("segment"); !has || !*has) return numbers;
    auto read = (*store)->query("SELECT records FROM segment", {}, [&](const store::Row& row) {
      auto parsed = read_records(row.text(0), 1'000'000, [&](const Entry& entry) {
        RequestId id;
        EXPECT_TRUE(RequestId::parse(entry.request, id));
        numbers.insert(id.low());
      });
      EXPECT_TRUE(parsed);
    });
    EXPECT_TRUE(read);
    return numbers;
  }

  static std::multiset<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
    std::multiset<std::uint64_t> numbers;
    for (std::uint64_t i = from; i < to; ++i) numbers.insert(i);
    return numbers;
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "ledger.db";
  std::string journal_ = dir_ / "ledger.journal";
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  int pages_ = 0;  // most pages of the database; 0: no limit
};

TEST_P(LedgerTest, WhatIsFlushedIsInTheStore) {
  auto ledger = open();
  record(*ledger, 0, 10);
  ledger->flush();
  EXPECT_EQ(stored(), range(0, 10));
  const Stats stats = ledger->stats();
  EXPECT_EQ(stats.recorded, 10u);
  EXPECT_EQ(stats.committed, 10u);
  EXPECT_EQ(stats.queued + stats.journal_bytes + stats.lost, 0u);
  EXPECT_TRUE(stats.store_available);
}

TEST_P(LedgerTest, IsDurableByItself) {
  auto ledger = open();
  record(*ledger, 0, 1);
  while (ledger->stats().queued != 0) std::this_thread::sleep_for(1ms);
}

TEST_P(LedgerTest, LoadsTheJournalWhenNoMoreRecordsCome) {
  auto ledger = open();
  record(*ledger, 0, 3);
  while (ledger->stats().committed < 3) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(stored(), range(0, 3));
}

TEST_P(LedgerTest, AJournalThatCannotBeWrittenIsPassedBy) {
  auto ledger = open("/dev/full");
  record(*ledger, 0, 3);
  ledger->flush();
  EXPECT_EQ(stored(), range(0, 3));
  EXPECT_NE(ledger->stats().last_error.find("/dev/full"), std::string::npos);
}

TEST_P(LedgerTest, TwoProcessesMayKeepOneLedger) {
  auto first = open();
  record(*first, 0, 3);
  first->flush();
  auto second = open();
  record(*second, 3, 6);
  second->flush();
  record(*first, 6, 9);
  first->flush();
  EXPECT_EQ(stored(), range(0, 9));
  EXPECT_NE(second->stats().last_error.find("another process"), std::string::npos);
}

// The tables are made once, by whoever comes first.
TEST_P(LedgerTest, ManyMayMakeItAtOnce) {
  constexpr std::uint64_t kMany = 4;
  std::vector<std::thread> gateways;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    gateways.emplace_back([&, i] {
      auto ledger = open(dir_ / ("journal-" + std::to_string(i)));
      record(*ledger, i, i + 1);
      while (ledger->stats().committed < 1) std::this_thread::sleep_for(1ms);
      EXPECT_EQ(ledger->stats().lost, 0u);
    });
  }
  for (std::thread& gateway : gateways) gateway.join();
  EXPECT_EQ(stored(), range(0, kMany));
}

TEST_P(LedgerTest, ClosingCommitsWhatIsQueued) {
  record(*open(), 0, 500);
  EXPECT_EQ(stored(), range(0, 500));
}

TEST_P(LedgerTest, ManyWorkersRecordAtOnce) {
  {
    auto ledger = open();
    std::vector<std::thread> workers;
    for (std::uint64_t w = 0; w < 4; ++w) {
      workers.emplace_back([&ledger, w] {
        for (std::uint64_t i = 0; i < 1000; ++i) {
          ledger->record(sample_record(w * 1000 + i));
          if (i % 200 == 199) ledger->flush();
        }
      });
    }
    for (auto& worker : workers) worker.join();
    EXPECT_EQ(ledger->stats().lost, 0u);
  }
  EXPECT_EQ(stored(), range(0, 4000));
}

TEST_P(LedgerTest, AStoreThatCannotBeOpenedAtStartIsCaughtUpLater) {
  faults_->open = true;
  auto ledger = open();
  ledger->flush();
  EXPECT_FALSE(ledger->stats().store_available);
  EXPECT_EQ(ledger->stats().last_error, "injected at open");
  record(*ledger, 0, 5);
  ledger->flush();
  EXPECT_GT(ledger->stats().journal_bytes, 0u);
  EXPECT_EQ(ledger->stats().queued, 0u);
  faults_->open = false;
  record(*ledger, 5, 8);
  ledger->flush();
  EXPECT_EQ(stored(), range(0, 8));
  const Stats stats = ledger->stats();
  EXPECT_TRUE(stats.store_available);
  EXPECT_EQ(stats.committed, 8u);
  EXPECT_EQ(stats.journal_bytes, 0u);
  EXPECT_EQ(stats.lost, 0u);
}

TEST_P(LedgerTest, AfterEveryFailingCallRecordsWaitInTheJournalAndNothingComesTwice) {
  const std::array<std::atomic<bool>*, 4> faults{&faults_->begin, &faults_->run, &faults_->commit,
                                                 &faults_->commit_but_say_no};
  auto ledger = open();
  std::uint64_t next = 0;
  for (auto* fault : faults) {
    for (const ErrorCode code : {ErrorCode::io, ErrorCode::unavailable}) {
      faults_->code = code;
      *fault = true;
      record(*ledger, next, next + 3);
      ledger->flush();
      EXPECT_EQ(ledger->stats().queued, 0u) << "durable in the journal";
      EXPECT_FALSE(ledger->stats().store_available);
      *fault = false;
      ledger->flush();
      next += 3;
      EXPECT_EQ(stored(), range(0, next));
    }
  }
  EXPECT_EQ(ledger->stats().lost, 0u);
}

TEST_P(LedgerTest, LoadsTheJournalOfTheProcessBefore) {
  faults_->open = true;
  record(*open(), 0, 20);
  faults_->open = false;
  open()->flush();
  EXPECT_EQ(stored(), range(0, 20));
}

TEST_P(LedgerTest, ACrashBetweenLoadingAndEmptyingTheJournalDoublesNothing) {
  faults_->open = true;
  record(*open(), 0, 20);
  const auto copy = dir_ / "copy";
  std::filesystem::copy_file(journal_, copy);
  faults_->open = false;
  open()->flush();
  std::filesystem::rename(copy, journal_);  // as if it had not been emptied
  open()->flush();
  EXPECT_EQ(stored(), range(0, 20));
}

TEST_P(LedgerTest, AFullDatabaseLeavesRecordsInTheJournal) {
  if (is_postgres()) GTEST_SKIP() << "about files";
  pages_ = 12;
  auto ledger = open();
  record(*ledger, 0, 900);
  ledger->flush();
  EXPECT_EQ(ledger->stats().queued, 0u);
  EXPECT_GT(ledger->stats().journal_bytes, 0u);
  EXPECT_NE(ledger->stats().last_error.find("full"), std::string::npos);
  pages_ = 0;
  ledger->flush();
  EXPECT_EQ(stored(), range(0, 900));
}

TEST_P(LedgerTest, ALockedDatabaseLeavesRecordsInTheJournal) {
  if (is_postgres()) GTEST_SKIP() << "a server's lock is waited for";
  auto ledger = open();
  auto other = open_to_write(address(path_))({});
  ASSERT_TRUE(other && (*other)->begin());
  record(*ledger, 0, 3);
  ledger->flush();
  EXPECT_EQ(ledger->stats().queued, 0u);
  EXPECT_EQ(ledger->stats().committed, 0u);
  (*other)->rollback();
  ledger->flush();
  EXPECT_EQ(stored(), range(0, 3));
}

TEST_P(LedgerTest, ARemovedDatabaseIsMadeAnew) {
  if (is_postgres()) GTEST_SKIP() << "about files";
  auto ledger = open();
  record(*ledger, 0, 3);
  ledger->flush();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  record(*ledger, 3, 6);
  ledger->flush();
  ledger->flush();
  EXPECT_EQ(stored(), range(3, 6));
}

TEST_P(LedgerTest, WithStoreAndJournalAwayRecordsWaitUpToTheLimitAndOnlyThenAreLost) {
  faults_->open = true;
  auto ledger = open("/dev/full");
  record(*ledger, 0, 600);
  ledger->flush();
  EXPECT_EQ(ledger->stats().queued, 600u);
  record(*ledger, 600, 1200);
  ledger->flush();
  Stats stats = ledger->stats();
  EXPECT_EQ(stats.recorded, 1200u);
  EXPECT_EQ(stats.queued, 1000u);
  EXPECT_EQ(stats.lost, 200u);
  faults_->open = false;
  ledger->flush();
  EXPECT_EQ(ledger->stats().queued, 0u);
  EXPECT_EQ(stored(), range(0, 1000));

  faults_->open = true;
  faults_->begin = true;
  record(*ledger, 2000, 2001);
  ledger->flush();
  EXPECT_EQ(ledger->stats().queued, 1u);
}

TEST_P(LedgerTest, TheLedgerIsAppendOnly) {
  record(*open(), 0, 1);
  auto store = open_to_write(address(path_))({});
  ASSERT_TRUE(store);
  EXPECT_FALSE((*store)->execute("UPDATE segment SET count = 0"));
  EXPECT_FALSE((*store)->execute("DELETE FROM segment"));
  EXPECT_EQ(stored().size(), 1u);
}

TEST_P(LedgerTest, TheViewShowsOneRowPerAttempt) {
  {
    auto ledger = open();
    UsageRecord unknown = sample_record(1);
    unknown.cost.reset();
    unknown.attempt = 2;
    ledger->record(sample_record(0));
    ledger->record(unknown);
  }
  auto store = ledger_at(address(path_), "").open({});
  ASSERT_TRUE(store);
  int rows = 0;
  auto read = (*store)->query(
      "SELECT model, role, prompt, cost_nano, attempt, started, status, last FROM attempt"
      " ORDER BY attempt",
      {}, [&](const store::Row& row) {
        const UsageRecord expected = sample_record(static_cast<std::uint64_t>(rows));
        EXPECT_EQ(row.text(0), expected.model);
        EXPECT_EQ(row.text(1), expected.role);
        EXPECT_EQ(row.integer(2), 18'211);
        EXPECT_EQ(row.is_null(3), rows == 1);
        EXPECT_EQ(row.integer(4), ++rows);
        EXPECT_TRUE(
            row.text(5).starts_with(is_postgres() ? "2026-09-21 " : "2026-09-21T14:13:20.000Z"));
        EXPECT_EQ(row.integer(6), 200);
        EXPECT_EQ(row.integer(7), 1);
      });
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows, 2);
}

TEST_P(LedgerTest, SenselessOptionsAreRefused) {
  EXPECT_EQ(Ledger::open({.path = "", .journal_path = "s", .open_store = {}}).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(Ledger::open({.path = "p", .journal_path = "", .open_store = {}}).error().code,
            ErrorCode::invalid);
}

TIDEGATE_ON_BOTH_STORES(LedgerTest);

}  // namespace
}  // namespace tidegate::ledger
