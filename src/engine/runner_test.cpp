#include "engine/runner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/test_run.h"
#include "workflow/test_files.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;

TEST_F(RunnerTest, OutputsReachTheTasksThatNeedThem) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("Draft it") != std::string::npos) return TestModels::says("a draft");
    EXPECT_NE(question.body.find("Review: a draft"), std::string::npos) << question.body;
    return TestModels::says("good");
  });
  const RunEnd end = run(flow(R"(tasks:
  draft: { prompt: "Draft it" }
  review: { needs: draft, prompt: "Review: ${{ needs.draft.output }}" }
outputs: { verdict: "${{ needs.review.output }}" }
)"));
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(end.outputs.find("verdict").text(), "good");
  EXPECT_GT(end.spent.value, 0);
}

TEST_F(RunnerTest, EachAttemptIsWrittenBeforeItIsSentAndEndsWithItsTask) {
  std::size_t written = 0;
  respond([&](const Question&) -> AskResult {
    written = records<BeginAttempt>().size();
    return TestModels::says("x");
  });
  run(flow("tasks:\n  a: { prompt: p }\n"));
  EXPECT_EQ(written, 1u);
  ASSERT_EQ(records<EndAttempt>().size(), 1u);
  const EndAttempt attempt = records<EndAttempt>()[0];
  EXPECT_EQ(attempt.state, AttemptState::done);
  EXPECT_EQ(attempt.usage.prompt, 100);
  EXPECT_GT(attempt.cost.value, 0);
  EXPECT_GT(attempt.saved_by_cache.value, 0);
  EXPECT_GT(records<BeginAttempt>()[0].reserved, attempt.cost);
}

TEST_F(RunnerTest, AFailedNeedSkipsItsDependentsAndNobodyElse) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("bad") == std::string::npos) return TestModels::says("x");
    AskResult failed = TestModels::fails(ErrorClass::server);
    failed.error().retryable = false;
    return failed;
  });
  const RunEnd end = run(flow(R"(tasks:
  bad: { prompt: bad }
  after: { needs: bad, prompt: p }
  last: { needs: after, if: always(), prompt: p }
  other: { prompt: p }
)"));
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_NE(end.reason.find("task bad failed"), std::string::npos) << end.reason;
  EXPECT_EQ(state("bad"), TaskState::failed);
  EXPECT_EQ(state("after"), TaskState::skipped);
  EXPECT_EQ(state("last"), TaskState::succeeded);
  EXPECT_EQ(state("other"), TaskState::succeeded);
}

TEST_F(RunnerTest, OnErrorDecidesWhatAFailureMeans) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("bad") == std::string::npos) return TestModels::says("x");
    AskResult failed = TestModels::fails(ErrorClass::server);
    failed.error().retryable = false;
    return failed;
  });
  EXPECT_EQ(run(flow(R"(tasks:
  bad: { prompt: bad, on_error: skip_dependents }
  after: { needs: bad, prompt: p }
)"))
                .state,
            RunState::partial);
  EXPECT_EQ(state("after"), TaskState::skipped);
  EXPECT_EQ(run(flow(R"(tasks:
  bad: { prompt: bad, on_error: continue }
  after: { needs: bad, prompt: p }
)"))
                .state,
            RunState::partial);
  EXPECT_EQ(state("after"), TaskState::succeeded);
}

TEST_F(RunnerTest, FailFastCancelsWhatRunsAndWhatWaits) {
  respond(
      [](const Question& question) -> AskResult {
        if (question.body.find("bad") == std::string::npos) return TestModels::says("x");
        AskResult failed = TestModels::fails(ErrorClass::server);
        failed.error().retryable = false;
        return failed;
      },
      1s);
  const RunEnd end = run(flow(R"(run: { fail_fast: true, max_parallel: 2 }
tasks:
  bad: { prompt: bad, priority: 5 }
  slow: { prompt: p }
  never: { prompt: p }
)"));
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_EQ(state("never"), TaskState::cancelled);
  EXPECT_EQ(models_->asked, 2);
}

TEST_F(RunnerTest, RetriesByClassWaitAtLeastAsLongAsTheyAreTold) {
  int calls = 0;
  TimePoint first{};
  respond([&](const Question&) -> AskResult {
    if (++calls == 1) {
      first = loop_.now();
      return TestModels::fails(ErrorClass::rate_limit, 90s);
    }
    EXPECT_GE(loop_.now() - first, 90s);
    return TestModels::says("x");
  });
  EXPECT_EQ(run(flow("tasks:\n  a: { prompt: p }\n")).state, RunState::succeeded);
  EXPECT_EQ(calls, 2);
}

TEST_F(RunnerTest, AProviderThatIsDownForTenMinutesIsOutlasted) {
  const TimePoint up = clock_.now() + 10min;
  respond([&](const Question&) -> AskResult {
    if (loop_.now() < up) return TestModels::fails(ErrorClass::transport);
    return TestModels::says("x");
  });
  const RunEnd end = run(flow(R"(tasks:
  a: { prompt: p, retry: { attempts: 12, backoff: 10s..2m, jitter: none } }
  b: { needs: a, prompt: p }
)"));
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_GE(clock_.now(), up);
}

TEST_F(RunnerTest, AttemptsRunOutAndAClassThatIsNotListedIsNotRetried) {
  respond([](const Question&) { return TestModels::fails(ErrorClass::server); });
  EXPECT_EQ(
      run(flow("tasks:\n  a: { prompt: p, retry: { attempts: 3, backoff: 1s..2s } }\n")).state,
      RunState::failed);
  EXPECT_EQ(models_->asked, 3);
  respond([](const Question&) { return TestModels::fails(ErrorClass::server); });
  run(flow("tasks:\n  a: { prompt: p, retry: { attempts: 3, on: [rate_limit] } }\n"));
  EXPECT_EQ(models_->asked, 1);
}

TEST_F(RunnerTest, SideEffectsAreNotRepeatedWhenTheEndOfAnAttemptIsUnknown) {
  respond([](const Question&) { return TestModels::fails(ErrorClass::transport); });
  run(flow("tasks:\n  a: { prompt: p, side_effects: once }\n"));
  EXPECT_EQ(models_->asked, 1);
  EXPECT_EQ(state("a"), TaskState::failed);
}

TEST_F(RunnerTest, FanOutKeepsKeysOrderAndParallelism) {
  respond(
      [](const Question& question) -> AskResult {
        const std::size_t at = question.body.find("Scan ");
        const std::string item = question.body.substr(at + 5, 1);
        if (item == "c") {
          AskResult failed = TestModels::fails(ErrorClass::server);
          failed.error().retryable = false;
          return failed;
        }
        return TestModels::says("saw " + item);
      },
      100ms);
  workflow::List list;
  for (const char* item : {"a", "b", "c", "d", "e"}) list.emplace_back(item);
  const RunEnd end = run(flow(R"(inputs: { files: { type: array, required: true } }
tasks:
  scan:
    for_each: ${{ inputs.files }}
    max_parallel: 2
    on_error: skip_dependents
    prompt: "Scan ${{ item }}"
  merge:
    needs: scan
    if: ${{ needs.scan.succeeded > 0 }}
    prompt: "${{ needs.scan.failed }} failed of ${{ needs.scan.outputs | json }}"
outputs: { all: "${{ needs.scan.outputs }}" }
)"),
                         {{"files", workflow::Value(list)}});
  EXPECT_EQ(end.state, RunState::partial) << end.reason;
  EXPECT_EQ(end.outputs.find("all").json(), R"(["saw a","saw b",null,"saw d","saw e"])");
  EXPECT_EQ(models_->most_in_flight, 2);
  ASSERT_EQ(records<AddItems>().size(), 1u);
  EXPECT_EQ(records<AddItems>()[0].first, 2u);
  EXPECT_EQ(*records<AddItems>()[0].keys, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_F(RunnerTest, AnEmptyFanOutSucceeds) {
  const RunEnd end = run(flow(R"(inputs: { files: { type: array, required: true } }
tasks:
  scan: { for_each: "${{ inputs.files }}", prompt: "Scan ${{ item }}" }
  merge: { needs: scan, prompt: p }
)"),
                         {{"files", workflow::Value(workflow::List{})}});
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
}

TEST_F(RunnerTest, AnAnswerThatIsNotAsItsSchemaSaysIsRepaired) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("corrected JSON") != std::string::npos) {
      return TestModels::says("```json\n{\"n\": 3}\n```");
    }
    return TestModels::says("{\"n\": \"three\"}");
  });
  const RunEnd end = run(flow(R"(tasks:
  a:
    prompt: Count
    output: { schema: { type: object, properties: { n: { type: integer } }, required: [n] } }
outputs: { n: "${{ needs.a.output.n }}" }
)"));
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(end.outputs.find("n").integer(), 3);
  EXPECT_EQ(records<BeginAttempt>()[1].purpose, "repair");
}

TEST_F(RunnerTest, ABudgetThatCannotHoldTheNextRequestPausesTheRun) {
  respond({}, 100ms);
  const std::string text = flow(R"(budget: { usd: 0.0003 }
inputs: { files: { type: array, required: true } }
tasks:
  scan: { for_each: "${{ inputs.files }}", prompt: "Scan ${{ item }}" }
)");
  workflow::List list;
  for (int i = 0; i < 50; ++i) list.emplace_back(std::int64_t{i});
  const RunEnd end = run(text, {{"files", workflow::Value(list)}});
  EXPECT_EQ(end.state, RunState::paused_budget);
  EXPECT_LE(end.spent.value, 300'000);
  EXPECT_GT(models_->asked, 1);
  EXPECT_LT(models_->asked, 50);
  EXPECT_NE(end.reason.find("the budget of the run"), std::string::npos) << end.reason;
  EXPECT_EQ(models_->in_flight, 0);
}

TEST_F(RunnerTest, AnAnswerThatBreaksOffCostsWhatHadComeOfIt) {
  for (const ErrorClass each : {ErrorClass::transport, ErrorClass::timeout, ErrorClass::server}) {
    respond([&](const Question&) -> AskResult {
      AskResult broken = TestModels::fails(each);
      broken.error().model = "deepseek-v4-flash";
      broken.error().begun = 5000;
      return broken;
    });
    run(flow("tasks:\n  a: { prompt: p, retry: { attempts: 1 } }\n"));
    ASSERT_EQ(records<EndAttempt>().size(), 1u);
    const EndAttempt attempt = records<EndAttempt>()[0];
    EXPECT_EQ(attempt.cost_kind, CostKind::estimated);
    EXPECT_GT(attempt.usage.prompt, 0);
    EXPECT_EQ(attempt.usage.completion, 5000);
    EXPECT_GT(attempt.cost.value, 0);
  }
}

TEST_F(RunnerTest, ATaskWhoseOwnBudgetIsOnlyHeldByOthersPausesWithTheRunThatHasNoMore) {
  respond({}, 1s);
  const workflow::Map inputs{
      {"texts", workflow::Value(workflow::List{workflow::Value("short"),
                                               workflow::Value(std::string(40'000, 'x'))})}};
  const std::string tasks = R"(inputs: { texts: { type: array, required: true } }
tasks:
  scan: { for_each: "${{ inputs.texts }}", prompt: "Scan ${{ item }}")";
  run(flow(tasks + " }\n"), inputs);
  ASSERT_EQ(records<BeginAttempt>().size(), 2u);
  const std::int64_t little = records<BeginAttempt>()[0].reserved.value;
  const std::int64_t much = records<BeginAttempt>()[1].reserved.value;
  ASSERT_LT(little, much);
  const auto usd = [](std::int64_t nano) { return fmt::format("{{ usd: 0.{:09} }}", nano); };
  // The task's budget takes one of them after the other; the run's takes only the first.
  const RunEnd end = run(flow("budget: " + usd(much - 1) + "\n" + tasks +
                              ", budget: " + usd(much + little - 1) + " }\n"),
                         inputs);
  EXPECT_EQ(end.state, RunState::paused_budget) << end.reason;
  EXPECT_NE(end.reason.find("the budget of the run"), std::string::npos) << end.reason;
}

TEST_F(RunnerTest, ATaskOverItsOwnBudgetFailsAlone) {
  const RunEnd end = run(flow(R"(tasks:
  dear: { prompt: p, budget: { usd: 0.00000001 }, on_error: continue }
  other: { prompt: p }
)"));
  EXPECT_EQ(state("dear"), TaskState::failed);
  EXPECT_EQ(state("other"), TaskState::succeeded);
  EXPECT_EQ(end.state, RunState::partial);
  EXPECT_EQ(default_models_.asked, 1);
}

TEST_F(RunnerTest, ApprovalsWaitForAPersonOrTheirTimeout) {
  Runner& runner = prepare(flow(R"(tasks:
  a: { prompt: p }
  gate: { needs: a, approval: { message: "Go on after ${{ needs.a.output }}?", timeout: 1h, default: reject } }
  b: { needs: gate, if: "${{ needs.gate.result == 'approved' }}", prompt: p }
)"));
  RunEnd end;
  TaskGroup group;
  const auto approve = [](Loop& loop, Runner& on) -> Task<void> {
    co_await loop.sleep_until(loop.now() + 1min);
    EXPECT_EQ(on.progress().state, RunState::waiting_approval);
    EXPECT_FALSE(on.decide("a", true, "me"));
    EXPECT_TRUE(on.decide("gate", true, "me"));
  };
  group.spawn(approve(loop_, runner));
  end = finish();
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(*records<AskApproval>()[0].message, "Go on after done?");

  const RunEnd late = run(flow(R"(tasks:
  gate: { approval: { message: "Go?", timeout: 1h, default: reject } }
  b: { needs: gate, prompt: p }
)"));
  EXPECT_EQ(late.state, RunState::partial);
  EXPECT_EQ(state("gate"), TaskState::rejected);
  EXPECT_EQ(state("b"), TaskState::skipped);
}

TEST_F(RunnerTest, ACancelledTaskTakesItsDependentsWithIt) {
  respond({}, 10s);
  Runner& runner = prepare(flow(R"(tasks:
  a: { prompt: p }
  b: { needs: a, prompt: p }
  c: { prompt: p }
)"));
  TaskGroup group;
  const auto cancel = [](Loop& loop, Runner& on) -> Task<void> {
    co_await loop.sleep_until(loop.now() + 1s);
    EXPECT_TRUE(on.cancel_task("a"));
  };
  group.spawn(cancel(loop_, runner));
  const RunEnd end = finish();
  EXPECT_EQ(end.state, RunState::partial);
  EXPECT_EQ(state("a"), TaskState::cancelled);
  EXPECT_EQ(state("b"), TaskState::cancelled);
  EXPECT_EQ(state("c"), TaskState::succeeded);
}

TEST_F(RunnerTest, ACancelledRunEndsAtOnce) {
  respond({}, 1h);
  Runner& runner = prepare(flow("tasks:\n  a: { prompt: p }\n  b: { needs: a, prompt: p }\n"));
  TaskGroup group;
  const auto cancel = [](Loop& loop, Runner& on) -> Task<void> {
    co_await loop.sleep_until(loop.now() + 1s);
    on.cancel("asked to");
  };
  group.spawn(cancel(loop_, runner));
  const TimePoint began = clock_.now();
  EXPECT_EQ(finish().state, RunState::cancelled);
  EXPECT_LT(clock_.now() - began, 1min);
  EXPECT_EQ(state("b"), TaskState::cancelled);
}

TEST_F(RunnerTest, TasksWaitForCheapHoursAndNoLongerThanTheDeadlineAllows) {
  const catalog::Catalog& catalog = catalog::Catalog::shipped();
  const catalog::Model& model = *catalog.find("deepseek-v4-flash");
  // A moment in peak hours.
  Duration to_peak{};
  while (!catalog.quote(model, clock_.wall() + to_peak, 0).peak) {
    to_peak += 1min;
    ASSERT_LT(to_peak, 30 * 24h) << "the catalogue has no peak hours any more";
  }
  clock_.advance(to_peak);
  WallTime cheap = clock_.wall();
  while (catalog.quote(model, cheap, 0).peak)
    cheap = std::chrono::floor<std::chrono::minutes>(cheap) + 1min;
  const std::string text = flow("run: { window: only-off-peak }\ntasks:\n  a: { prompt: p }\n");
  EXPECT_EQ(run(text).state, RunState::succeeded);
  EXPECT_FALSE(catalog.quote(model, clock_.wall(), 0).peak);
  EXPECT_EQ(records<SetRunState>()[0].state, RunState::paused_window);
  EXPECT_EQ(records<SetRunState>()[0].reason.find("waits until " + format_minute(cheap)), 0u);
  EXPECT_GT(records<EndAttempt>()[0].saved_by_window.value, 0);

  to_peak = {};
  while (!catalog.quote(model, clock_.wall() + to_peak, 0).peak) to_peak += 1min;
  clock_.advance(to_peak);
  const TimePoint began = clock_.now();
  EXPECT_EQ(
      run(flow("run: { window: off-peak, deadline: 5m }\ntasks:\n  a: { prompt: p }\n")).state,
      RunState::succeeded);
  EXPECT_GT(clock_.now() - began, 1min);
  EXPECT_LT(clock_.now() - began, 5min);
}

TEST_F(RunnerTest, AModelWithoutAPriceIsNotAsked) {
  const RunEnd end = run("name: t\ntasks:\n  a: { model: \"route:somewhere\", prompt: p }\n");
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_EQ(default_models_.asked, 0);
}

TEST_F(RunnerTest, AFallbackIsAskedWhenTheModelCannotAnswer) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("deepseek-v4-pro") != std::string::npos) {
      return TestModels::fails(ErrorClass::server);
    }
    return TestModels::says("from the other");
  });
  const RunEnd end = run(R"(name: t
routes: { strong: { model: deepseek-v4-pro, fallback: [deepseek-v4-flash] } }
tasks:
  a: { route: strong, prompt: p, retry: { attempts: 2, backoff: 1s..1s } }
)");
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(models_->asked, 3);
}

TEST_F(RunnerTest, SecretsAreNotWrittenDown) {
  respond([](const Question&) -> AskResult { return TestModels::says("it is hunter2!"); });
  run(flow("tasks:\n  a: { prompt: p }\noutputs: { o: \"${{ needs.a.output }}\" }\n"));
  EXPECT_EQ(*records<SetTask>()[0].output, "it is ***!");
  EXPECT_EQ(records<SetRunOutputs>()[0].outputs->find("hunter2"), std::string::npos);
}

TEST_F(RunnerTest, ModelOutputIsNeverAnExpression) {
  respond([](const Question& question) -> AskResult {
    if (question.body.find("Attack") != std::string::npos) {
      return TestModels::says("${{ inputs.token }}");
    }
    EXPECT_NE(question.body.find("${{ inputs.token }}"), std::string::npos);
    return TestModels::says("x");
  });
  EXPECT_EQ(run(flow(R"(tasks:
  a: { prompt: Attack }
  b: { needs: a, prompt: "Use ${{ needs.a.output }}" }
)"))
                .state,
            RunState::succeeded);
}

TEST_F(RunnerTest, AnOutputOfTwentyMegabytesIsHandedOnByReference) {
  const std::string large(20 << 20, 'x');
  respond([&](const Question&) -> AskResult { return TestModels::says(large); });
  const RunEnd end = run(flow(R"(tasks:
  a: { prompt: p }
  b: { needs: a, prompt: p }
outputs: { a: "${{ needs.a.output }}" }
)"));
  EXPECT_EQ(end.state, RunState::succeeded);
  EXPECT_EQ(end.outputs.find("a").text().size(), large.size());
}

TEST_F(RunnerTest, AChainOf10000TasksEnds) {
  std::string text = kHead;
  text += "tasks:\n  t0: { prompt: p }\n";
  for (int i = 1; i < 10'000; ++i) {
    text += "  t" + std::to_string(i) + ": { needs: t" + std::to_string(i - 1) + ", prompt: p }\n";
  }
  jumps_ = false;
  EXPECT_EQ(run(text).state, RunState::succeeded);
  EXPECT_EQ(default_models_.asked, 10'000);
}

TEST_F(RunnerTest, AJournalThatTakesNothingMoreEndsTheRunWithoutAnotherRequest) {
  respond([&](const Question&) -> AskResult {
    journal_->break_down({ErrorCode::io, "the disk is full", {}});
    return TestModels::says("x");
  });
  const RunEnd end = run(flow(
      "tasks:\n  a: { prompt: p }\n  b: { needs: a, prompt: p }\n  c: { needs: b, prompt: p }\n"));
  ASSERT_TRUE(end.lost);
  EXPECT_EQ(end.lost->message, "the disk is full");
}

TEST_F(RunnerTest, GoesOnWhereTheJournalEnds) {
  const std::string text = flow(R"(inputs: { files: { type: array, required: true } }
tasks:
  scan: { for_each: "${{ inputs.files }}", prompt: "Scan ${{ item }}" }
  merge: { needs: scan, prompt: "Merge ${{ needs.scan.outputs | json }}" }
  once: { prompt: p, side_effects: once, on_error: continue }
)");
  respond([](const Question& question) -> AskResult {
    EXPECT_EQ(question.body.find("Scan 1"), std::string::npos) << "sent again";
    if (question.body.find("Merge") != std::string::npos) {
      EXPECT_NE(question.body.find("kept"), std::string::npos) << question.body;
    }
    return TestModels::says("new");
  });
  Runner& before =
      prepare(text, {{"files", workflow::Value(workflow::List{workflow::Value(std::int64_t{1}),
                                                              workflow::Value(std::int64_t{2})})}});
  (void)before;
  const Services services{
      .loop = loop_, .journal = *journal_, .models = *models_, .pricing = pricing_};
  RunStart start{.id = RunId{7}, .workflow = load(text)};
  start.inputs = {{"files", workflow::Value(workflow::List{workflow::Value(std::int64_t{1}),
                                                           workflow::Value(std::int64_t{2})})}};
  runner_ = std::make_unique<Runner>(services, std::move(start));
  std::vector<StoredTask> stored(5);
  for (std::uint32_t i = 0; i < 5; ++i) stored[i].task = i;
  stored[0].state = TaskState::expanded;
  stored[3].parent = stored[4].parent = 0;
  stored[3].item_key = "1";
  stored[4].item_key = "2";
  stored[3].state = TaskState::succeeded;
  stored[3].output = 9;
  stored[3].cost = {1000};
  stored[4].state = TaskState::running;
  stored[4].attempts = stored[4].tries = 1;
  stored[4].orphans = 1;
  stored[2].state = TaskState::running;
  stored[2].attempts = stored[2].tries = 1;
  stored[2].orphans = 1;
  const NeededContents needed = runner_->needed_contents(stored);
  EXPECT_EQ(needed.outputs, std::vector<std::int64_t>{9});
  RunContents contents;
  contents.outputs[9] = std::make_shared<const std::string>("kept");
  ASSERT_TRUE(runner_->restore(std::move(stored), std::move(contents)));
  const RunEnd end = finish();
  EXPECT_EQ(end.state, RunState::partial) << end.reason;
  EXPECT_EQ(models_->asked, 2);
  EXPECT_EQ(state("once"), TaskState::failed);
  EXPECT_GT(end.spent.value, 1000);
  EXPECT_EQ(records<OrphanAttempts>().size(), 1u);
}

TEST_F(RunnerTest, AWorkflowWithinAWorkflowIsARunOfItsOwn) {
  const workflow::TestFiles files{
      {"w.yaml", flow(R"(tasks:
  a: { prompt: p }
  sub: { uses: ./sub.yaml, needs: a, with: { topic: "${{ needs.a.output }}" }, budget: { usd: 1 } }
outputs: { said: "${{ needs.sub.output.said }}" }
)")},
      {"sub.yaml", flow(R"(inputs: { topic: { type: string, required: true } }
tasks:
  x: { prompt: "About ${{ inputs.topic }}" }
outputs: { said: "${{ needs.x.output }}" }
)")},
      {"./sub.yaml", flow(R"(inputs: { topic: { type: string, required: true } }
tasks:
  x: { prompt: "About ${{ inputs.topic }}" }
outputs: { said: "${{ needs.x.output }}" }
)")}};
  const auto loaded = workflow::load("w.yaml", files, {&catalog::Catalog::shipped(), {}});
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  journal_ = std::make_unique<MemoryJournal>(MemoryJournal::Keep::records);
  const Services services{
      .loop = loop_, .journal = *journal_, .models = default_models_, .pricing = pricing_};
  runner_ = std::make_unique<Runner>(
      services, RunStart{.id = RunId{7}, .workflow = loaded.workflow, .created = clock_.wall()});
  runner_->create();
  const RunEnd end = finish();
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(end.outputs.find("said").text(), "done");
  EXPECT_EQ(records<CreateRun>().size(), 2u);
  EXPECT_EQ(records<CreateRun>()[1].parent, 7);
}

}  // namespace
}  // namespace tidegate::engine
