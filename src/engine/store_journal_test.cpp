#include "engine/store_journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "base/random_text.h"
#include "base/scratch_dir.h"
#include "engine/journal_place.h"
#include "engine/journal_reader.h"
#include "engine/journal_tables.h"
#include "engine/lease.h"
#include "engine/owner.h"
#include "engine/run_picture.h"
#include "loop/run_task.h"
#include "store/migration.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "tls/digest.h"

namespace tidegate::engine {
namespace {

constexpr WallTime kNow{1'800'000'000s};

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// An empty database of the server in TIDEGATE_TEST_POSTGRES (tests/support/with_postgres.py), or a
// file; what is said of one holds for the other.
class StoreJournalTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) return;
    const char* const server = std::getenv("TIDEGATE_TEST_POSTGRES");
    if (server == nullptr) GTEST_SKIP() << "TIDEGATE_TEST_POSTGRES names no server";
    path_ = server;
    auto store = store::open_postgres({.url = path_, .write_lock = {}, .while_waiting = {}});
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
  }
  std::unique_ptr<StoreJournal> open(StoreJournal::Options options = {}) {
    options.place = path_;
    if (options.owner.empty()) options.owner = "here";
    options.first_retry = 1ms;
    options.last_retry = 1ms;
    auto journal = StoreJournal::open(std::move(options), loop_);
    EXPECT_TRUE(journal) << journal.error().message;
    return std::move(*journal);
  }
  CreateRun new_run(RunId run = RunId{77}) const {
    return {.run = run,
            .name = "test",
            .spec_hash = "abc",
            .spec = bytes("tasks"),
            .inputs = bytes("{}"),
            .created = kNow,
            .tasks = std::make_shared<const std::vector<NewTask>>(
                std::vector<NewTask>{{"a", "testing"}, {"b", "devops"}})};
  }
  SetTask done(std::uint32_t task, std::string output, RunId run = RunId{77}) const {
    return {.run = run,
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
  // By another process, after the lease has run out.
  Result<std::int64_t> take_over(RunId run) {
    auto other = open_journal_store(path_);
    EXPECT_TRUE(other);
    EXPECT_TRUE((*other)->execute("UPDATE lease SET expires_us = 1"));
    return take_lease(**other, run, "there", 30s);
  }
  std::int64_t ask(std::string_view sql) {
    std::int64_t value = -1;
    auto store = open_journal_to_read(path_);
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

INSTANTIATE_TEST_SUITE_P(Stores, StoreJournalTest, testing::Bool(),
                         [](const auto& store) { return store.param ? "Postgres" : "Sqlite"; });

class SqliteJournalTest : public StoreJournalTest {};
INSTANTIATE_TEST_SUITE_P(Stores, SqliteJournalTest, testing::Values(false));

TEST_P(StoreJournalTest, WhatWasAppendedIsThereOnceItIsDurable) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  run.append(done(0, "hello"));
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded' AND output IS NOT NULL"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM lease WHERE owner = 'here'"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM event"), 2);
}

TEST_P(StoreJournalTest, TheSameContentIsKeptOnce) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  run.append(done(0, "the same"));
  run.append(done(1, "the same"));
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(ask("SELECT count(*) FROM blob WHERE bytes = 'the same'"), 1);
}

TEST_P(StoreJournalTest, ALongContentIsReadAsItWasWritten) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += fmt::format("line {}\n", i * i);
  {
    auto journal = open();
    Journal& run = journal->begin(run_);
    run.append(new_run());
    run.append(done(0, text));
    ASSERT_TRUE(commit(run));
  }
  auto reader = JournalReader::open(path_);
  ASSERT_TRUE(reader);
  const auto tasks = reader->tasks(run_);
  ASSERT_TRUE(tasks);
  const auto content = reader->content(tasks->at(0).output);
  ASSERT_TRUE(content);
  EXPECT_EQ(**content, text);
  EXPECT_EQ(ask(GetParam() ? "SELECT count(*) FROM blob WHERE bytes LIKE 'line%'"
                           : "SELECT count(*) FROM packed WHERE length(bytes) < size / 2"),
            1);
}

// One that was written before its contents were deflated.
TEST_P(StoreJournalTest, GoesOnWithTheJournalOfAnEarlierProgram) {
  constexpr std::size_t kBefore = 4;
  {
    auto store = GetParam()
                     ? store::open_postgres({.url = path_, .write_lock = {}, .while_waiting = {}})
                     : store::open_sqlite({.path = path_});
    ASSERT_TRUE(store);
    const std::vector<std::string> steps = journal_steps((*store)->dialect());
    const std::vector<std::string_view> before(steps.begin(), steps.begin() + kBefore);
    ASSERT_TRUE(store::migrate(**store, "workflow", before));
    ASSERT_TRUE((*store)->execute(fmt::format(
        "INSERT INTO blob (hash, bytes) VALUES ('{}', 'an output of before'), ('s', 'spec');"
        "INSERT INTO run (id, name, spec_hash, spec, inputs, state, created_us, changed_us) "
        "VALUES (77, 'test', 'abc', 2, 2, 'running', 1, 1);"
        "INSERT INTO task (run, task, id, role, state, output, ended_us) "
        "VALUES (77, 0, 'a', '', 'succeeded', 1, 5);"
        "INSERT INTO task (run, task, id, role) VALUES (77, 1, 'b', '');"
        "INSERT INTO lease (run, owner, epoch, expires_us) VALUES (77, '', 1, 0)",
        tls::sha256_hex("an output of before").substr(0, 32))));
  }
  auto store = open_journal_store(path_);
  ASSERT_TRUE(store) << store.error().message;
  const auto epoch = take_lease(**store, run_, "here", 30s);
  ASSERT_TRUE(epoch);
  auto journal = open();
  Journal& run = journal->hold(run_, *epoch);
  run.append(done(1, "an output of before"));
  ASSERT_TRUE(commit(run));
  auto reader = JournalReader::open(path_);
  ASSERT_TRUE(reader);
  const auto tasks = reader->tasks(run_);
  ASSERT_TRUE(tasks);
  EXPECT_EQ(tasks->at(0).output, tasks->at(1).output);
  const auto content = reader->content(tasks->at(1).output);
  ASSERT_TRUE(content);
  EXPECT_EQ(**content, "an output of before");
}

TEST_P(StoreJournalTest, AnApprovalTakesFromItsQuestionToItsAnswer) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  run.append(AskApproval{.run = run_, .task = 0, .message = bytes("go?"), .at = kNow + 1s});
  run.append(EndApproval{.run = run_, .task = 0, .approved = true, .by = "ana", .at = kNow + 11s});
  ASSERT_TRUE(commit(run));
  auto store = open_journal_to_read(path_);
  ASSERT_TRUE(store);
  const auto picture = read_picture(**store, run_, nullptr);
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->tasks.at(0).started, kNow + 1s);
  EXPECT_EQ(picture->tasks.at(0).ended, kNow + 11s);
}

TEST_P(StoreJournalTest, ATaskThatHasEndedCannotEndAgainOrBeSent) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  run.append(done(0, "first"));
  ASSERT_TRUE(commit(run));
  run.append(BeginAttempt{.run = run_, .task = 0, .number = 1, .sent = kNow});
  const Result<void> refused = commit(run);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(ask("SELECT count(*) FROM attempt"), 0);
}

TEST_P(StoreJournalTest, ARefusedRecordLosesItsRunAlone) {
  auto journal = open();
  Journal& bad = journal->begin(run_);
  Journal& good = journal->begin(RunId{78});
  bad.append(new_run());
  good.append(new_run(RunId{78}));
  ASSERT_TRUE(commit(bad) && commit(good));
  bad.append(done(0, "first"));
  bad.append(done(0, "second"));
  bad.append(done(1, "behind it"));
  good.append(done(0, "theirs", RunId{78}));
  ASSERT_FALSE(commit(bad));
  ASSERT_TRUE(commit(good));
  // All of the group that it refused, or what came before it: never what came behind.
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE run = 77 AND task = 1 AND state = 'succeeded'"),
            0);
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE run = 78 AND state = 'succeeded'"), 1);
  good.append(done(1, "more", RunId{78}));
  EXPECT_TRUE(commit(good));
  // Its lease is free, for whoever goes on with it.
  EXPECT_EQ(ask("SELECT count(*) FROM lease WHERE run = 77 AND owner = ''"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM lease WHERE run = 78 AND owner = 'here'"), 1);
}

TEST_P(StoreJournalTest, WhoLostTheLeaseCanWriteNothingMore) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  Journal& other = journal->begin(RunId{78});
  run.append(new_run());
  other.append(new_run(RunId{78}));
  ASSERT_TRUE(commit(run) && commit(other));
  const auto taken = take_over(run_);
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, 2);
  run.append(done(0, "too late"));
  other.append(done(0, "in time", RunId{78}));
  const Result<void> refused = commit(run);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::canceled);
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE run = 77 AND state = 'succeeded'"), 0);
  EXPECT_TRUE(commit(other));
  // What it says at its end does not take the lease from its new owner.
  run.append(ReleaseLease{.run = run_});
  journal->let_go(run);
  other.append(done(1, "more", RunId{78}));
  EXPECT_TRUE(commit(other));
  EXPECT_EQ(ask("SELECT count(*) FROM lease WHERE run = 77 AND owner = 'there'"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE run = 78 AND state = 'succeeded'"), 2);
}

TEST_P(StoreJournalTest, TheLeaseOfARunCoversTheWorkflowsWithinIt) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  CreateRun within = new_run(RunId{78});
  within.key = "sub:" + run_.text() + "/0";
  within.parent = run_.value;
  run.append(std::move(within));
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(ask("SELECT count(*) FROM lease"), 1);
  ASSERT_TRUE(take_over(run_));
  run.append(done(0, "too late", RunId{78}));
  EXPECT_FALSE(commit(run));
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded'"), 0);
}

TEST_P(StoreJournalTest, ALeaseIsFreeWhenItRunsOutOrItsOwnerHasDied) {
  auto store = open_journal_store(path_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(take_lease(**store, run_, "elsewhere/1/1/1", 30s));
  EXPECT_EQ(take_lease(**store, run_, "here", 30s).error().code, ErrorCode::unavailable);
  ASSERT_TRUE((*store)->execute("UPDATE lease SET expires_us = 1"));
  EXPECT_TRUE(take_lease(**store, run_, "here", 30s));

  const std::string me = this_owner();
  EXPECT_NE(me, this_owner());
  EXPECT_FALSE(has_died(me));
  // The same number, long ago; and in a container of the same name.
  std::string before_me = me.substr(0, me.rfind('/'));
  before_me = before_me.substr(0, before_me.rfind('/')) + "/1/0";
  EXPECT_TRUE(has_died(before_me));
  std::string contained = before_me;
  contained.insert(contained.find('/'), "0");
  EXPECT_FALSE(has_died(contained));
  ASSERT_TRUE(take_lease(**store, RunId{78}, before_me, 30s));
  EXPECT_TRUE(take_lease(**store, RunId{78}, me, 30s));
}

TEST_P(SqliteJournalTest, AFullStoreIsTriedAgainAndLosesNothing) {
  int opened = 0;
  auto journal = open({.open_store = [&]() -> Result<std::unique_ptr<store::Store>> {
    auto store = open_journal_store(path_);
    // Too small for the output at first; the disk is made larger later.
    if (store && ++opened < 4) {
      EXPECT_TRUE((*store)->execute("PRAGMA max_page_count = 120"));
    }
    return store;
  }});
  Journal& run = journal->begin(run_);
  run.append(new_run());
  ASSERT_TRUE(commit(run));
  run.append(done(0, random_text(1 << 20)));
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(opened, 4);
  EXPECT_EQ(run.trouble(), "");
  EXPECT_EQ(ask("SELECT length(bytes) FROM blob ORDER BY length(bytes) DESC LIMIT 1"), 1 << 20);
}

TEST_P(SqliteJournalTest, ALockedStoreIsWaitedFor) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  ASSERT_TRUE(commit(run));
  auto other = store::open_sqlite({.path = path_});
  ASSERT_TRUE(other && (*other)->begin());
  run.append(done(0, "later"));
  while (run.trouble().empty()) std::this_thread::yield();
  EXPECT_NE(run.trouble().find("locked"), std::string::npos);
  (*other)->rollback();
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(ask("SELECT count(*) FROM task WHERE state = 'succeeded'"), 1);
}

// Runs that it lost can be gone on with, and others begin, once it takes something again.
TEST_P(SqliteJournalTest, AStoreThatStaysFullEndsEveryWaitWithItsReason) {
  std::atomic<int> pages = 120;
  auto journal = open({.patience = 20ms, .open_store = [&] {
                         auto store = open_journal_store(path_);
                         if (store) {
                           EXPECT_TRUE((*store)->execute("PRAGMA max_page_count = " +
                                                         std::to_string(pages.load())));
                         }
                         return store;
                       }});
  Journal& run = journal->begin(run_);
  run.append(new_run());
  ASSERT_TRUE(commit(run));
  run.append(done(0, random_text(1 << 20)));
  const Result<void> given_up = commit(run);
  ASSERT_FALSE(given_up);
  EXPECT_NE(given_up.error().message.find("full"), std::string::npos);
  pages = 100'000;
  Journal& next = journal->begin(RunId{78});
  next.append(new_run(RunId{78}));
  next.append(done(0, std::string(1 << 20, 'y'), RunId{78}));
  EXPECT_TRUE(commit(next));
}

TEST_P(StoreJournalTest, AppendedGroupsShareCommits) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  for (int i = 0; i < 10'000; ++i) {
    run.append(AddEvent{.run = run_, .kind = "note", .body = "{}", .at = kNow});
  }
  ASSERT_TRUE(commit(run));
  EXPECT_LT(journal->commits(), 5'000u);
  EXPECT_EQ(ask("SELECT count(*) FROM event WHERE kind = 'note'"), 10'000);
}

TEST_P(StoreJournalTest, CommandsReachTheOwnerOnce) {
  auto journal = open({.look_every = 1ms});
  Journal& run = journal->begin(run_);
  run.append(new_run());
  ASSERT_TRUE(commit(run));
  std::vector<Command> got;
  journal->on_command([&](Command command) {
    got.push_back(std::move(command));
    loop_.stop();
  });
  auto other = open_journal_store(path_);
  ASSERT_TRUE(other);
  const auto id =
      give_command(**other, {.run = run_, .verb = "cancel", .task = "b", .argument = "me"}, kNow);
  ASSERT_TRUE(id);
  loop_.run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].task, "b");
  journal->answer({.id = got[0].id, .answer = "done"});
  run.append(AddEvent{.run = run_, .kind = "note", .body = "{}", .at = kNow});
  ASSERT_TRUE(commit(run));
  EXPECT_EQ(answer_of(**other, *id), "done");
}

// Every kind of record, and what a reader makes of them.
TEST_P(StoreJournalTest, WhatIsWrittenIsReadBack) {
  auto journal = open();
  Journal& run = journal->begin(run_);
  CreateRun create = new_run();
  create.key = "nightly";
  create.budget = NanoDollars{5};
  run.append(create);
  run.append(BeginAttempt{.run = run_,
                          .task = 0,
                          .number = 1,
                          .model = "m",
                          .request_hash = ~0ull,
                          .sent = kNow,
                          .reserved = {7}});
  run.append(AddTurn{
      .run = run_, .task = 0, .attempt = 1, .number = 1, .answer = bytes("{}"), .at = kNow});
  SetToolCall call{.run = run_,
                   .task = 0,
                   .turn = 1,
                   .number = 0,
                   .tool = "t",
                   .arguments = bytes("[]"),
                   .at = kNow};
  run.append(call);
  call.result = bytes("said");
  call.at = kNow + 1s;
  run.append(call);
  run.append(AddTurn{.run = run_,
                     .task = 0,
                     .attempt = 1,
                     .number = 1,
                     .answer = bytes("{}"),
                     .results = bytes("[1]"),
                     .at = kNow});
  run.append_both(EndAttempt{.run = run_,
                             .task = 0,
                             .number = 1,
                             .state = AttemptState::failed,
                             .model = "m",
                             .done = kNow,
                             .cost = {3},
                             .error_class = "server"},
                  done(0, std::string("zero \0 and \xff", 12)));
  run.append(AddItems{
      .run = run_,
      .parent = 1,
      .first = 2,
      .keys = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"x", "y"}),
      .at = kNow});
  run.append(AskApproval{.run = run_, .task = 2, .message = bytes("go?"), .at = kNow});
  run.append(EndApproval{.run = run_, .task = 2, .approved = true, .by = "me", .at = kNow});
  run.append(BeginAttempt{.run = run_, .task = 3, .number = 1, .sent = kNow, .reserved = {11}});
  run.append(OrphanAttempts{.run = run_, .at = kNow});
  run.append(SetBudget{.run = run_, .budget = NanoDollars{6}});
  run.append(SetRunOutputs{.run = run_, .outputs = bytes("{\"a\":1}")});
  run.append(
      SetRunState{.run = run_, .state = RunState::partial, .reason = "why", .at = kNow + 2s});
  const auto committed = commit(run);
  ASSERT_TRUE(committed) << committed.error().message;

  auto reader = JournalReader::open(path_);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto stored = reader->run_with_key("nightly");
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->state, RunState::partial);
  EXPECT_EQ((*stored)->budget, NanoDollars{6});
  EXPECT_EQ(reader->spec(run_), "tasks");
  EXPECT_EQ(reader->outputs(run_), "{\"a\":1}");
  const auto tasks = reader->tasks(run_);
  ASSERT_TRUE(tasks) << tasks.error().message;
  ASSERT_EQ(tasks->size(), 4u);
  EXPECT_EQ((*tasks)[0].cost, NanoDollars{3});
  EXPECT_EQ((*tasks)[0].tries, 1u);
  EXPECT_EQ((*tasks)[2].state, TaskState::approved);
  EXPECT_EQ((*tasks)[3].item_key, "y");
  EXPECT_EQ((*tasks)[3].orphans, 1u);
  EXPECT_EQ((*tasks)[3].cost, NanoDollars{11});
  const auto output = reader->content((*tasks)[0].output);
  ASSERT_TRUE(output);
  // PostgreSQL's text holds neither.
  EXPECT_EQ(**output, GetParam() ? "zero \xEF\xBF\xBD and \xEF\xBF\xBD"
                                 : std::string("zero \0 and \xff", 12));
  const auto turns = reader->turns(run_, 0);
  ASSERT_TRUE(turns && turns->size() == 1 && turns->front().calls.size() == 1);
  EXPECT_EQ(*turns->front().results, "[1]");
  EXPECT_EQ(*turns->front().calls[0].result, "said");
  const auto events = reader->events(run_, 1, 100);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 5u);
  EXPECT_EQ(events->front().seq, 2);
  EXPECT_EQ(events->back().body, R"({"state":"partial"})");
  std::size_t attempts = 0;
  ASSERT_TRUE(reader->attempts(run_, [&](const StoredAttempt&) { ++attempts; }));
  EXPECT_EQ(attempts, 2u);
  EXPECT_EQ(reader->runs(10)->size(), 1u);

  auto store = open_journal_to_read(path_);
  const auto picture = read_picture(**store, run_, nullptr);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_EQ(picture->totals.attempts, 2u);
  EXPECT_EQ(picture->tasks.size(), 2u);
  EXPECT_EQ(picture->tasks[1].items.total, 2u);
}

// What an outage of the server leaves of a group: all or nothing, and nothing twice.
TEST_P(StoreJournalTest, ALostConnectionIsMadeAgain) {
  if (!GetParam()) GTEST_SKIP() << "a file has no connection";
  auto journal = open();
  Journal& run = journal->begin(run_);
  run.append(new_run());
  ASSERT_TRUE(commit(run));
  auto other = open_journal_store(path_);
  ASSERT_TRUE(other);
  for (int i = 0; i < 20; ++i) {
    std::ignore = (*other)->query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND application_name = 'tidegate workflows'",
        {}, [](const store::Row&) {});
    for (int k = 0; k < 50; ++k) {
      run.append(AddEvent{.run = run_, .kind = "note", .body = "{}", .at = kNow});
    }
    ASSERT_TRUE(commit(run));
  }
  EXPECT_EQ(ask("SELECT count(*) FROM event WHERE kind = 'note'"), 1000);
}

TEST(RunIdTest, IsWrittenAndReadBack) {
  const RunId id = RunId::make(kNow);
  EXPECT_EQ(id.text().size(), 14u);
  EXPECT_EQ(RunId::parse(id.text()), id);
  EXPECT_FALSE(RunId::parse("r123"));
  EXPECT_FALSE(RunId::parse("x" + id.text().substr(1)));
}

}  // namespace
}  // namespace tidegate::engine
