// What may happen to runs from outside: clocks that are set, budgets that end in the middle,
// outputs of many megabytes, processes that end in between.
#include <map>

#include "base/scratch_dir.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/journal_place.h"
#include "engine/record_writer.h"
#include "engine/run_picture.h"
#include "engine/test_run.h"
#include "workflow/test_files.h"

namespace tidegate::engine {
namespace {

class ClockStepsTest : public RunnerTest {
 protected:
  // Sets the clock one minute after the start.
  RunEnd finish_with_a_step(Duration step) {
    TaskGroup group;
    const auto set = [](Loop& loop, SteppedClock& clock, Duration by) -> Task<void> {
      co_await loop.sleep_until(loop.now() + 1min);
      clock.step(by);
    };
    group.spawn(set(loop_, clock_, step));
    const TimePoint began = clock_.now();
    RunEnd end = finish();
    took_ = clock_.now() - began;
    return end;
  }
  bool peak() const {
    const catalog::Catalog& catalog = catalog::Catalog::shipped();
    return catalog.quote(*catalog.find("deepseek-v4-flash"), clock_.wall(), 0).peak;
  }
  void go_to_peak() {
    for (int minutes = 0; !peak(); ++minutes) {
      ASSERT_LT(minutes, 30 * 24 * 60) << "the catalogue has no peak hours any more";
      clock_.advance(1min);
    }
  }

  Duration took_{};
};

TEST_F(ClockStepsTest, APersonHasAsLongAsTheFileSays) {
  for (const Duration step : {Duration(5h), Duration(-5h)}) {
    respond({}, 2min);  // its end lets the run look at all that is open
    prepare(flow(R"(tasks:
  other: { prompt: p }
  gate: { approval: { message: "Go?", timeout: 1h, default: reject } }
  b: { needs: gate, prompt: p }
)"));
    EXPECT_EQ(finish_with_a_step(step).state, RunState::partial);
    EXPECT_EQ(state("gate"), TaskState::rejected);
    EXPECT_GT(took_, 59min) << format_duration(step);
    EXPECT_LT(took_, 62min) << format_duration(step);
  }
}

TEST_F(ClockStepsTest, CheapHoursAreThoseOfTheClockAsItIsNow) {
  const std::string text = flow("run: { window: only-off-peak }\ntasks:\n  a: { prompt: p }\n");
  go_to_peak();
  const Duration left = pricing_.next_off_peak("deepseek-v4-flash", clock_.wall()) - clock_.wall();
  prepare(text);
  EXPECT_EQ(finish_with_a_step(left).state, RunState::succeeded);
  EXPECT_LT(took_, 7min);
  EXPECT_FALSE(peak());

  go_to_peak();
  clock_.advance(30min);
  ASSERT_TRUE(peak());
  prepare(text);
  EXPECT_EQ(finish_with_a_step(-20min).state, RunState::succeeded);
  EXPECT_FALSE(peak());
}

TEST_F(ClockStepsTest, ARetryWaitsAsLongAsItWasTold) {
  for (const Duration step : {Duration(24h), Duration(-24h)}) {
    int asked = 0;
    respond([&](const Question&) -> AskResult {
      if (++asked == 1) return TestModels::fails(workflow::ErrorClass::rate_limit, 10min);
      return TestModels::says("x");
    });
    prepare(flow("tasks:\n  a: { prompt: p }\n"));
    EXPECT_EQ(finish_with_a_step(step).state, RunState::succeeded);
    EXPECT_GT(took_, 9min);
    EXPECT_LT(took_, 13min);
  }
}

TEST(RunTimes, AreNeverBelowZero) {
  const ScratchDir folder;
  const std::string path = folder / "journal.db";
  const RunId run{7};
  const WallTime begin{1'790'000'000s};
  {
    auto store = open_journal_store(path);
    ASSERT_TRUE(store) << store.error().message;
    RecordWriter writer(**store);
    const auto some = std::make_shared<const std::string>("{}");
    for (const Record& record : std::initializer_list<Record>{
             CreateRun{.run = run,
                       .name = "r",
                       .spec = some,
                       .inputs = some,
                       .created = begin,
                       .tasks = std::make_shared<const std::vector<NewTask>>(
                           std::vector<NewTask>{{.id = "a"}})},
             BeginAttempt{.run = run, .task = 0, .number = 1, .model = "m", .sent = begin + 1s},
             // The clock was put back by an hour.
             EndAttempt{.run = run,
                        .task = 0,
                        .number = 1,
                        .state = AttemptState::done,
                        .done = begin - 1h},
             SetTask{.run = run, .task = 0, .state = TaskState::succeeded, .at = begin - 1h},
             SetRunState{.run = run, .state = RunState::succeeded, .at = begin - 1h}}) {
      const Result<void> written = writer.write(record);
      ASSERT_TRUE(written) << written.error().message;
    }
    const auto picture = read_picture(**store, run, nullptr);
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->ended, begin);
    EXPECT_EQ(picture->changed, begin);
    EXPECT_EQ(picture->tasks[0].ended, picture->tasks[0].started);
    ASSERT_EQ(picture->tasks[0].spans.size(), 1u);
    EXPECT_EQ(picture->tasks[0].spans[0].end, begin + 1s);
  }
  auto reader = JournalReader::open(path);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto runs = reader->runs(1);
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->at(0).ended, begin);
  const auto tasks = reader->tasks(run);
  ASSERT_TRUE(tasks);
  EXPECT_EQ(tasks->at(0).ended, begin + 1s);
}

// Processes, one after the other, over one journal on the disk.
class ProcessesTest : public testing::Test {
 protected:
  struct Process {
    Process(const std::string& path, std::shared_ptr<const workflow::Workflow> workflow,
            TestModels::Respond respond, Duration takes = {})
        : models(loop, std::move(respond), takes), workflow_(std::move(workflow)) {
      auto opened = Engine::open(
          {.journal = path}, loop, models, prices, nullptr,
          [this](const std::string&) -> Result<std::shared_ptr<const workflow::Workflow>> {
            return workflow_;
          });
      EXPECT_TRUE(opened) << opened.error().message;
      engine = std::move(*opened);
    }
    RunEnd begin(workflow::Map inputs = {}) {
      auto begun =
          engine->begin({.workflow = workflow_, .inputs = std::move(inputs)}, nullptr, on_end());
      EXPECT_TRUE(begun) << begun.error().message;
      run = begun->id;
      loop.run();
      return end;
    }
    RunEnd resume(RunId id, std::optional<NanoDollars> budget = {}) {
      const auto resumed = engine->resume(id, {.budget = budget, .on_end = on_end()});
      EXPECT_TRUE(resumed) << resumed.error().message;
      loop.run();
      return end;
    }
    Engine::OnEnd on_end() {
      return [this](RunId, const RunEnd& how) {
        end = how;
        loop.stop();
      };
    }

    SystemClock clock;
    Loop loop{clock};
    Pricing prices{std::shared_ptr<const catalog::Catalog>(&catalog::Catalog::shipped(),
                                                           [](const catalog::Catalog*) {}),
                   {}};
    TestModels models;
    std::shared_ptr<const workflow::Workflow> workflow_;
    std::unique_ptr<Engine> engine;
    RunId run{};
    RunEnd end;
  };

  static std::shared_ptr<const workflow::Workflow> load(const std::string& text) {
    const workflow::Loaded loaded = workflow::load_text(text, {&catalog::Catalog::shipped(), {}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    return loaded.workflow;
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "workflows.db";
};

TEST_F(ProcessesTest, ABudgetThatEndsInTheMiddleOfAFanOutIsGoneOnWithWhereItEnded) {
  const auto workflow = load(flow(R"(budget: { usd: 0.0003 }
inputs: { files: { type: array, required: true } }
tasks:
  scan: { for_each: "${{ inputs.files }}", max_parallel: 4, prompt: "Scan <${{ item }}>" }
outputs: { all: "${{ needs.scan.outputs }}" }
)"));
  std::map<std::string, int> asked;
  const auto respond = [&](const Question& question) -> AskResult {
    const std::size_t mark = question.body.find('<');
    ++asked[question.body.substr(mark, question.body.find('>') - mark)];
    return TestModels::says("found");
  };
  workflow::List files;
  for (int i = 0; i < 50; ++i) files.emplace_back(std::int64_t{i});
  RunId run;
  {
    Process first(path_, workflow, respond, 1ms);
    const RunEnd end = first.begin({{"files", workflow::Value(files)}});
    EXPECT_EQ(end.state, RunState::paused_budget) << end.reason;
    EXPECT_LE(end.spent.value, 300'000);
    run = first.run;
  }
  const std::size_t before = asked.size();
  EXPECT_GT(before, 1u);
  EXPECT_LT(before, 50u);
  Process second(path_, workflow, respond, 1ms);
  const RunEnd end = second.resume(run, NanoDollars{1'000'000'000});
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(end.outputs.find("all").items().size(), 50u);
  EXPECT_EQ(asked.size(), 50u);
  for (const auto& [item, times] : asked) EXPECT_EQ(times, 1) << item;
}

// A hook that is told twice: the second time, the first one's run is not in the journal yet.
TEST_F(ProcessesTest, TwoStartsWithOneKeyAreOneRun) {
  const auto workflow = load(flow(R"(run: { idempotency_key: nightly }
tasks:
  a: { prompt: p }
)"));
  Process process(path_, workflow, [](const Question&) { return TestModels::says("x"); });
  const auto first = process.engine->begin({.workflow = workflow}, nullptr, process.on_end());
  const auto second = process.engine->begin({.workflow = workflow}, nullptr, {});
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->existed);
  EXPECT_TRUE(second->existed);
  EXPECT_EQ(first->id, second->id);
  process.loop.run();
  EXPECT_EQ(process.end.state, RunState::succeeded) << process.end.reason;
}

TEST_F(ProcessesTest, AnOutputOfTwentyMegabytesIsKeptForTheNextProcess) {
  const auto workflow = load(flow(R"(tasks:
  a: { prompt: Large }
  b: { needs: a, context: [a], prompt: Next }
outputs: { a: "${{ needs.a.output }}" }
)"));
  std::string large(20 << 20, 'x');
  large += "the end of it";
  RunId run;
  {
    Process* self = nullptr;
    Process first(path_, workflow, [&](const Question& question) -> AskResult {
      if (question.body.find("Large") != std::string::npos) return TestModels::says(large);
      self->engine->abandon();  // with the second task in flight
      return TestModels::says("lost");
    });
    self = &first;
    EXPECT_TRUE(first.begin().lost);
    run = first.run;
  }
  Process second(path_, workflow, [&](const Question& question) -> AskResult {
    EXPECT_EQ(question.body.find("Large"), std::string::npos) << "asked again";
    EXPECT_NE(question.body.find("the end of it"), std::string::npos);
    EXPECT_GT(question.body.size(), large.size());
    return TestModels::says("good");
  });
  const RunEnd end = second.resume(run);
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  EXPECT_EQ(second.models.asked, 1);
  EXPECT_EQ(end.outputs.find("a").text(), large);
}

TEST_F(RunnerTest, ATaskThatWasInFlightTooOftenWhenItsProcessDiedFails) {
  prepare(flow("tasks:\n  a: { prompt: p }\n  b: { prompt: p }\n"));
  std::vector<StoredTask> stored(2);
  for (std::uint32_t i = 0; i < 2; ++i) {
    stored[i].task = i;
    stored[i].state = TaskState::running;
  }
  stored[0].attempts = stored[0].tries = stored[0].orphans = 5;
  stored[1].attempts = stored[1].tries = stored[1].orphans = 4;
  ASSERT_TRUE(runner_->restore(std::move(stored), {}));
  EXPECT_EQ(finish().state, RunState::failed);
  EXPECT_EQ(state("a"), TaskState::failed);
  EXPECT_EQ(state("b"), TaskState::succeeded);
  EXPECT_EQ(default_models_.asked, 1);
}

TEST_F(RunnerTest, APersonWhoWasAskedBeforeHasAsLongAsWasSaidThen) {
  prepare(flow("tasks:\n  a: { approval: { message: Go?, timeout: 6h, default: approve } }\n"));
  std::vector<StoredTask> stored(1);
  stored[0].state = TaskState::awaiting;
  stored[0].asked = true;
  stored[0].asked_until = clock_.wall() + 10min;
  const TimePoint began = clock_.now();
  ASSERT_TRUE(runner_->restore(std::move(stored), {}));
  EXPECT_EQ(finish().state, RunState::succeeded);
  EXPECT_GE(clock_.now() - began, 9min);
  EXPECT_LT(clock_.now() - began, 11min);
  EXPECT_TRUE(records<AskApproval>().empty());
}

}  // namespace
}  // namespace tidegate::engine
