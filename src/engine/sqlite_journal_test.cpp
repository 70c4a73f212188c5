#include "engine/sqlite_journal.h"

#include <gtest/gtest.h>

#include "base/scratch_dir.h"
#include "engine/journal_schema.h"
#include "engine/lease.h"
#include "loop/run_task.h"
#include "store/sqlite.h"

namespace tidegate::engine {
namespace {

constexpr WallTime kNow{1'800'000'000s};

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class SqliteJournalTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteJournal> open(SqliteJournal::Options options = {}) {
    options.path = path_;
    if (options.owner.empty()) options.owner = "here";
    options.first_retry = 1ms;
    options.last_retry = 1ms;
    auto journal = SqliteJournal::open(std::move(options), loop_);
    EXPECT_TRUE(journal) << journal.error().message;
    return std::move(*journal);
  }
  CreateRun new_run() const {
    return {.run = run_,
            .name = "test",
            .spec_hash = "abc",
            .spec = bytes("tasks"),
            .inputs = bytes("{}"),
            .created = kNow,
            .tasks = std::make_shared<const std::vector<NewTask>>(
                std::vector<NewTask>{{"a", "testing"}, {"b", "devops"}})};
  }
  SetTask done(std::uint32_t task, std::string output) const {
    return {.run = run_,
            .task = task,
            .state = TaskState::succeeded,
            .output = bytes(std::move(output)),
            .at = kNow};
  }
  static Task<void> wait(Journal& journal, Result<void>& out) { out = co_await journal.durable(); }
  Result<void> commit(Journal& journal) {
    Result<void> out = fail(ErrorCode::internal, "never ended");
    run_task(loop_, wait(journal, out));
    return out;
  }
  std::int64_t ask(std::string_view sql) {
    std::int64_t value = -1;
    auto store = store::open_sqlite({.path = path_, .read_only = true});
    EXPECT_TRUE(store);
    EXPECT_TRUE((*store)->query(sql, {}, [&](const store::Row& row) { value = row.integer(0); }));
    return value;
  }

  SystemClock clock_;
  Loop loop_{clock_};
  ScratchDir dir_;
  std::string path_ = dir_ / "workflows.db";
  const RunId run_{77};
};

TEST_F(SqliteJournalTest, WhatWasAppendedIsThereOnceItIsDurable) {
  auto journal = open();
  journal->append(new_run());
  journal->append(done(0, "hello"));
  ASSERT_TRUE(commit(*journal));
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded' AND output IS NOT NULL"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM lease WHERE owner = 'here'"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM event"), 2);
}

TEST_F(SqliteJournalTest, TheSameContentIsKeptOnce) {
  auto journal = open();
  journal->append(new_run());
  journal->append(done(0, "the same"));
  journal->append(done(1, "the same"));
  ASSERT_TRUE(commit(*journal));
  EXPECT_EQ(ask("SELECT count(*) FROM blob WHERE bytes = 'the same'"), 1);
}

TEST_F(SqliteJournalTest, ATaskThatHasEndedCannotEndAgainOrBeSent) {
  auto journal = open();
  journal->append(new_run());
  journal->append(done(0, "first"));
  ASSERT_TRUE(commit(*journal));
  journal->append(BeginAttempt{.run = run_, .task = 0, .number = 1, .sent = kNow});
  const Result<void> refused = commit(*journal);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(ask("SELECT count(*) FROM attempt"), 0);
}

TEST_F(SqliteJournalTest, WhoLostTheLeaseCanWriteNothingMore) {
  auto journal = open();
  journal->append(new_run());
  ASSERT_TRUE(commit(*journal));
  journal->hold(run_, 1);
  journal->append(AddEvent{.run = run_, .kind = "note", .body = "{}", .at = kNow});
  ASSERT_TRUE(commit(*journal));
  {
    auto other = open_journal_store(path_);
    ASSERT_TRUE(other);
    // Its lease has long run out by this clock.
    const auto epoch = take_lease(**other, run_, "there", kNow + 240h * 365, 30s);
    ASSERT_TRUE(epoch);
    EXPECT_EQ(*epoch, 2);
  }
  journal->append(done(0, "too late"));
  const Result<void> refused = commit(*journal);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::canceled);
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded'"), 0);
}

TEST_F(SqliteJournalTest, ALeaseIsFreeWhenItRunsOutOrItsOwnerHasDied) {
  auto store = open_journal_store(path_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(take_lease(**store, run_, "elsewhere/1/1", kNow, 30s));
  EXPECT_EQ(take_lease(**store, run_, "here", kNow + 29s, 30s).error().code,
            ErrorCode::unavailable);
  EXPECT_TRUE(take_lease(**store, run_, "here", kNow + 31s, 30s));

  const std::string me = this_owner();
  EXPECT_FALSE(has_died(me));
  const std::string before_me = me.substr(0, me.rfind('/')) + "/1";  // the same number, long ago
  EXPECT_TRUE(has_died(before_me));
  ASSERT_TRUE(take_lease(**store, RunId{78}, before_me, kNow, 30s));
  EXPECT_TRUE(take_lease(**store, RunId{78}, me, kNow + 1s, 30s));
}

TEST_F(SqliteJournalTest, AFullStoreIsTriedAgainAndLosesNothing) {
  int opened = 0;
  auto journal = open({.open_store = [&]() -> Result<std::unique_ptr<store::Store>> {
    auto store = open_journal_store(path_);
    // Too small for the output at first; the disk is made larger later.
    if (store && ++opened < 4) {
      EXPECT_TRUE((*store)->execute("PRAGMA max_page_count = 120"));
    }
    return store;
  }});
  journal->append(new_run());
  ASSERT_TRUE(commit(*journal));
  journal->append(done(0, std::string(1 << 20, 'x')));
  ASSERT_TRUE(commit(*journal));
  EXPECT_EQ(opened, 4);
  EXPECT_EQ(journal->trouble(), "");
  EXPECT_EQ(ask("SELECT length(bytes) FROM blob ORDER BY length(bytes) DESC LIMIT 1"), 1 << 20);
}

TEST_F(SqliteJournalTest, ALockedStoreIsWaitedFor) {
  auto journal = open();
  journal->append(new_run());
  ASSERT_TRUE(commit(*journal));
  auto other = store::open_sqlite({.path = path_});
  ASSERT_TRUE(other && (*other)->begin());
  journal->append(done(0, "later"));
  while (journal->trouble().empty()) std::this_thread::yield();
  EXPECT_NE(journal->trouble().find("locked"), std::string::npos);
  (*other)->rollback();
  ASSERT_TRUE(commit(*journal));
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded'"), 1);
}

TEST_F(SqliteJournalTest, AStoreThatStaysFullEndsEveryWaitWithItsReason) {
  auto journal = open({.patience = 20ms, .open_store = [&] {
                         auto store = open_journal_store(path_);
                         if (store) {
                           EXPECT_TRUE((*store)->execute("PRAGMA max_page_count = 120"));
                         }
                         return store;
                       }});
  journal->append(new_run());
  ASSERT_TRUE(commit(*journal));
  journal->append(done(0, std::string(1 << 20, 'x')));
  const Result<void> given_up = commit(*journal);
  ASSERT_FALSE(given_up);
  EXPECT_NE(given_up.error().message.find("full"), std::string::npos);
}

TEST_F(SqliteJournalTest, AppendedGroupsShareCommits) {
  auto journal = open();
  journal->append(new_run());
  for (int i = 0; i < 10'000; ++i) {
    journal->append(AddEvent{.run = run_, .kind = "note", .body = "{}", .at = kNow});
  }
  ASSERT_TRUE(commit(*journal));
  EXPECT_LT(journal->commits(), 5'000u);
  EXPECT_EQ(ask("SELECT count(*) FROM event WHERE kind = 'note'"), 10'000);
}

TEST_F(SqliteJournalTest, CommandsReachTheOwnerOnce) {
  auto journal = open({.look_every = 1ms});
  journal->append(new_run());
  ASSERT_TRUE(commit(*journal));
  std::vector<Command> got;
  journal->on_command([&](Command command) {
    got.push_back(std::move(command));
    loop_.stop();
  });
  journal->hold(run_, 1);
  auto other = store::open_sqlite({.path = path_});
  ASSERT_TRUE(other);
  const auto id =
      give_command(**other, {.run = run_, .verb = "cancel", .task = "b", .argument = "me"}, kNow);
  ASSERT_TRUE(id);
  loop_.run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].task, "b");
  journal->append(EndCommand{.id = got[0].id, .answer = "done"});
  ASSERT_TRUE(commit(*journal));
  EXPECT_EQ(answer_of(**other, *id), "done");
}

TEST_F(SqliteJournalTest, RunIdsAreWrittenAndReadBack) {
  const RunId id = RunId::make(kNow);
  EXPECT_EQ(id.text().size(), 14u);
  EXPECT_EQ(RunId::parse(id.text()), id);
  EXPECT_FALSE(RunId::parse("r123"));
  EXPECT_FALSE(RunId::parse("x" + id.text().substr(1)));
}

}  // namespace
}  // namespace tidegate::engine
