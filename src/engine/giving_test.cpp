// Requests that one process gives to another: two engines and a helper on one store and one loop.
#include "engine/giving.h"

#include <cstdlib>

#include "engine/helping.h"
#include "engine/journal_place.h"
#include "engine/lease.h"
#include "engine/offer.h"
#include "engine/test_engine.h"
#include "store/postgres.h"

namespace tidegate::engine {
namespace {

// In a file, or in an empty database of the server in TIDEGATE_TEST_POSTGRES.
class GivingTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      const char* const server = std::getenv("TIDEGATE_TEST_POSTGRES");
      if (server == nullptr) GTEST_SKIP() << "TIDEGATE_TEST_POSTGRES names no server";
      place_ = server;
      auto store = store::open_postgres({.url = place_, .write_lock = {}, .while_waiting = {}});
      ASSERT_TRUE(store) << store.error().message;
      ASSERT_TRUE((*store)->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    }
    store_ = std::move(*open_journal_store(place_));
    owner_ = engine("owner");
    run_task(loop_, pause(1ms));
  }
  void TearDown() override {
    if (owner_ != nullptr) run_task(loop_, close(*owner_));
  }
  std::unique_ptr<Engine> engine(const std::string& name) {
    auto opened = Engine::open(
        {.journal = place_, .owner = name, .give = true, .keep = 0}, loop_, own_, pricing_, nullptr,
        [](const std::string& spec) -> Result<std::shared_ptr<const workflow::Workflow>> {
          auto files = workflow::unpack(spec);
          const std::string first = files->front().path;
          return workflow::load(first, workflow::KeptFiles(std::move(*files)),
                                {&catalog::Catalog::shipped(), {}})
              .workflow;
        });
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  std::unique_ptr<Helping> helper() { return helper(theirs_); }
  std::unique_ptr<Helping> helper(TestModels& models) {
    auto made = std::make_unique<Helping>(
        loop_, [place = place_] { return open_journal_store(place); }, models,
        Helping::Options{.name = "helper", .look = 5ms, .secrets = {"hunter2", ""}});
    made->start();
    return made;
  }
  // Somebody who is in the table, and does nothing.
  void pretend() { ASSERT_TRUE(be_there(*store_, "helper", 8, 20s)); }
  // Claims what is offered, as it would.
  OfferKey claim() {
    std::vector<Claim> found;
    until([&] {
      found = *claim_offers(*store_, "helper", 8);
      return !found.empty();
    });
    EXPECT_EQ(found.size(), 1u);
    return found.front().key;
  }
  void answer(OfferKey key) {
    const std::vector<std::pair<OfferKey, std::string>> answers{
        {key, R"({"text":"late","model":"deepseek-v4-flash","usage":[9,0,0,1,0]})"}};
    ASSERT_TRUE(answer_offers(*store_, "helper", answers));
  }
  // It is not heard of any more.
  void bury() { ASSERT_TRUE(store_->execute("UPDATE helper SET expires_us = 1")); }
  // The owner ends in the middle of it, and another process goes on with the run.
  void hand_over(RunId run) {
    run_task(loop_, close(*owner_));
    go_on(run);
  }
  void go_on(RunId run) {
    owner_ = engine("next");
    ASSERT_TRUE(owner_->resume(run, {.on_end = [this](RunId, const RunEnd& end) { end_ = end; }}));
  }

  Task<void> pause(Duration length) { co_await loop_.sleep_until(loop_.now() + length); }
  Task<void> close(Engine& engine) {
    engine.abandon();
    while (!engine.settled()) co_await loop_.sleep_until(loop_.now() + 1ms);
  }
  Task<void> close(Helping& helping) {
    helping.stop();
    while (!helping.idle()) co_await loop_.sleep_until(loop_.now() + 1ms);
  }
  Task<void> wait_for(std::function<bool()> holds) {
    bool held = holds();
    const TimePoint patience = loop_.now() + 30s;
    while (!held && loop_.now() < patience) {
      co_await loop_.sleep_until(loop_.now() + 1ms);
      held = holds();
    }
    EXPECT_TRUE(held);
  }
  void until(std::function<bool()> holds) { run_task(loop_, wait_for(std::move(holds))); }

  RunId begin(const std::string& tasks, workflow::Map inputs = {}) {
    const workflow::Loaded loaded =
        workflow::load_text(kHead + tasks, {&catalog::Catalog::shipped(), {}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    auto bound = workflow::bind_inputs(*loaded.workflow, inputs);
    const auto begun = owner_->begin({.workflow = loaded.workflow, .inputs = *bound}, nullptr,
                                     [this](RunId, const RunEnd& end) { end_ = end; });
    EXPECT_TRUE(begun);
    return begun->id;
  }
  // Begins once the owner has seen that somebody is there.
  RunId begin_with_helper(const std::string& tasks, workflow::Map inputs = {}) {
    // The first request goes nowhere yet: it waits for an approval meanwhile.
    const RunId run = begin("  ask: { approval: { message: go? } }\n" + tasks, std::move(inputs));
    until([&] { return owner_->giving()->helpers() == 1; });
    EXPECT_EQ(owner_->carry_out({.run = run, .verb = "approve", .task = "ask"}), "approved");
    return run;
  }
  void finish() {
    until([&] { return owner_->idle(); });
  }
  std::string ask(const std::string& sql) {
    std::string found;
    EXPECT_TRUE(store_->query(sql, {}, [&](const store::Row& row) {
      found += (found.empty() ? "" : " ") + std::string(row.text(0));
    }));
    return found;
  }

  const ScratchDir folder_;
  std::string place_ = folder_ / "journal.db";
  const SystemClock clock_;
  Loop loop_{clock_};
  TestModels own_{loop_, [](const Question&) -> AskResult { return TestModels::says("own"); }};
  std::function<AskResult(const Question&)> respond_ = [](const Question&) -> AskResult {
    return TestModels::says("theirs");
  };
  TestModels theirs_{loop_, [this](const Question& question) { return respond_(question); }};
  Pricing pricing_{std::shared_ptr<const catalog::Catalog>(&catalog::Catalog::shipped(),
                                                           [](const catalog::Catalog*) {}),
                   {}};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Engine> owner_;
  RunEnd end_;

  static constexpr const char* kHead =
      "name: t\ndefaults: { model: deepseek-v4-flash, max_tokens: 100, retry: { attempts: 1 } }\n"
      "tasks:\n";
  static constexpr const char* kOne = "  a: { needs: ask, prompt: hello }\n";
};

INSTANTIATE_TEST_SUITE_P(Stores, GivingTest, testing::Bool(),
                         [](const auto& store) { return store.param ? "Postgres" : "Sqlite"; });

TEST_P(GivingTest, WithoutAHelperAllIsMadeHere) {
  begin("  a: { prompt: hello }\n  b: { prompt: hello }\n");
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 2);
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0");
}

TEST_P(GivingTest, AHelperMakesRequestsAndTheOwnerSettlesThem) {
  auto helping = helper();
  begin_with_helper(kOne);
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 0);
  EXPECT_EQ(theirs_.asked, 1);
  EXPECT_GT(end_.spent.value, 0);
  EXPECT_EQ(ask("SELECT state FROM attempt"), "done");
  EXPECT_EQ(ask("SELECT made_by FROM attempt"), "helper");
  EXPECT_EQ(ask("SELECT bytes FROM blob JOIN task ON output = blob.id"), "theirs");
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0") << "its prompt is kept";
  run_task(loop_, close(*helping));
  EXPECT_EQ(ask("SELECT count(*) FROM helper"), "0");
}

TEST_P(GivingTest, WhatNobodyClaimsIsMadeHere) {
  pretend();
  begin_with_helper(kOne);
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 1);
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0");
}

TEST_P(GivingTest, WhatIsSecretIsNotGiven) {
  auto helping = helper();
  begin_with_helper(
      "  a: { needs: ask, prompt: 'use ${{ inputs.token }}' }\n"
      "inputs: { token: { type: string, secret: true } }\n",
      {{"token", workflow::Value("correct-horse")}});
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 1);
  EXPECT_EQ(theirs_.asked, 0);
  run_task(loop_, close(*helping));
}

TEST_P(GivingTest, AnAnswerTellsNoSecretOfTheHelper) {
  respond_ = [](const Question&) -> AskResult { return TestModels::says("it is hunter2"); };
  auto helping = helper();
  begin_with_helper(kOne);
  finish();
  EXPECT_EQ(ask("SELECT bytes FROM blob JOIN task ON output = blob.id"), "it is ***");
  run_task(loop_, close(*helping));
}

TEST_P(GivingTest, AFailureOfAHelperIsOneOfTheTask) {
  respond_ = [](const Question&) { return TestModels::fails(workflow::ErrorClass::server); };
  auto helping = helper();
  begin_with_helper(kOne);
  finish();
  EXPECT_EQ(end_.state, RunState::failed);
  EXPECT_NE(end_.reason.find("as the test wants it"), std::string::npos) << end_.reason;
  EXPECT_EQ(theirs_.asked, 1);
  run_task(loop_, close(*helping));
}

TEST_P(GivingTest, WhatADeadHelperHadIsMadeAgainAndItsCostIsShown) {
  pretend();
  begin_with_helper(kOne);
  const OfferKey claimed = claim();
  bury();
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 1);
  EXPECT_EQ(ask("SELECT state FROM attempt ORDER BY number"), "orphaned done");
  EXPECT_EQ(ask("SELECT count(*) FROM attempt WHERE cost_nano = reserved_nano AND made_by = "
                "'helper' AND number = 1"),
            "1");
  // Whoever was taken for dead leaves no answer behind.
  answer(claimed);
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0");
}

TEST_P(GivingTest, SideEffectsThatHappenOnceAreNotMadeAgain) {
  pretend();
  begin_with_helper("  a: { needs: ask, side_effects: once, prompt: hello }\n");
  claim();
  bury();
  finish();
  EXPECT_EQ(end_.state, RunState::failed);
  EXPECT_EQ(own_.asked, 0);
  EXPECT_EQ(ask("SELECT state FROM attempt ORDER BY number"), "orphaned");
}

TEST_P(GivingTest, TheNextOwnerTakesTheAnswerThatTheFirstWaitedFor) {
  pretend();
  const RunId run = begin_with_helper(kOne);
  const OfferKey claimed = claim();
  hand_over(run);
  run_task(loop_, pause(50ms));
  EXPECT_EQ(ask("SELECT state FROM attempt"), "sent");
  answer(claimed);
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 0);
  EXPECT_EQ(ask("SELECT state FROM attempt"), "done");
  EXPECT_EQ(ask("SELECT bytes FROM blob JOIN task ON output = blob.id"), "late");
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0");
}

TEST_P(GivingTest, WhoIsNotTheOwnerAnyMoreMakesNoRequest) {
  pretend();
  begin_with_helper(kOne);
  claim();
  // Another process took the run, and has the answer already.
  ASSERT_TRUE(store_->execute("UPDATE lease SET owner = 'other', epoch = epoch + 1"));
  ASSERT_TRUE(store_->execute("DELETE FROM offer"));
  finish();
  EXPECT_TRUE(end_.lost);
  EXPECT_EQ(own_.asked, 0);
}

TEST_P(GivingTest, TheNextOwnerSeesThatTheHelperDied) {
  pretend();
  const RunId run = begin_with_helper(kOne);
  claim();
  run_task(loop_, close(*owner_));
  bury();
  go_on(run);
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 1);
  EXPECT_EQ(ask("SELECT state FROM attempt ORDER BY number"), "orphaned done");
}

TEST_P(GivingTest, WhatIsCancelledIsBrokenOffAtTheHelper) {
  TestModels slow(loop_, {}, 1h);
  auto helping = helper(slow);
  const RunId run = begin_with_helper(kOne);
  until([&] { return slow.in_flight == 1; });
  EXPECT_EQ(owner_->carry_out({.run = run, .verb = "cancel"}), "cancelled");
  finish();
  EXPECT_EQ(end_.state, RunState::cancelled);
  EXPECT_EQ(slow.in_flight, 0);
  EXPECT_EQ(ask("SELECT error_class FROM attempt"), "cancelled");
  EXPECT_EQ(ask("SELECT count(*) FROM offer"), "0");
  run_task(loop_, close(*helping));
}

TEST_P(GivingTest, AHelperThatEndsSaysSo) {
  TestModels slow(loop_, {}, 1h);
  auto helping = helper(slow);
  begin_with_helper("  a: { needs: ask, retry: { attempts: 2, backoff: 1ms }, prompt: hello }\n");
  until([&] { return slow.in_flight == 1; });
  run_task(loop_, close(*helping));
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded);
  EXPECT_EQ(own_.asked, 1);
  EXPECT_EQ(ask("SELECT state FROM attempt ORDER BY number"), "failed done");
}

TEST_P(GivingTest, TheBudgetHoldsForWhatOthersSend) {
  pretend();
  const RunId run = begin_with_helper(
      "  a: { needs: ask, prompt: hello }\n  b: { needs: ask, prompt: hello }\nbudget: 0.00018\n");
  const OfferKey claimed = claim();
  // What the helper was given is held by the next owner too.
  hand_over(run);
  run_task(loop_, pause(50ms));
  EXPECT_EQ(ask("SELECT count(*) FROM attempt"), "1");
  EXPECT_EQ(owner_->find(run)->progress().reserved.value > 0, true);
  answer(claimed);
  finish();
  EXPECT_EQ(end_.state, RunState::succeeded) << end_.reason;
}

TEST_P(GivingTest, TwoThatBeginWithOneKeyHaveOneRun) {
  auto other = engine("other");
  const std::string text =
      std::string(kHead) + "  a: { prompt: hello }\n" + "run: { idempotency_key: nightly }\n";
  const auto loaded = workflow::load_text(text, {&catalog::Catalog::shipped(), {}}).workflow;
  RunEnd second;
  // Neither can be written before both have looked.
  (void)owner_->workflow_of(RunId{1});
  (void)other->workflow_of(RunId{1});
  ASSERT_TRUE(store_->begin());
  if (GetParam()) {
    ASSERT_TRUE(store_->execute("LOCK TABLE run IN SHARE MODE"));
  }
  const auto begun = owner_->begin({.workflow = loaded}, nullptr,
                                   [this](RunId, const RunEnd& end) { end_ = end; });
  const auto twin =
      other->begin({.workflow = loaded}, nullptr, [&](RunId, const RunEnd& end) { second = end; });
  ASSERT_TRUE(begun && twin);
  store_->rollback();
  ASSERT_NE(begun->id, twin->id);
  until([&] { return owner_->settled() && other->settled(); });
  EXPECT_EQ(ask("SELECT count(*) FROM run"), "1");
  const bool first_has_it = end_.state == RunState::succeeded;
  const RunEnd& lost = first_has_it ? second : end_;
  EXPECT_EQ((first_has_it ? end_ : second).state, RunState::succeeded);
  ASSERT_TRUE(lost.twin);
  EXPECT_EQ(*lost.twin, first_has_it ? begun->id : twin->id);
  EXPECT_EQ(own_.asked, 1);
}

}  // namespace
}  // namespace tidegate::engine
