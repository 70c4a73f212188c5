// Workflows within a workflow: runs of their own that end, are resumed and are decided with it.
#include "engine/conversation.h"
#include "engine/test_run.h"
#include "loop/task_group.h"

namespace tidegate::engine {
namespace {

constexpr const char* kSub = R"(inputs: { topic: { type: string, required: true } }
tasks:
  gate: { approval: { message: "Go?" } }
  x: { needs: gate, prompt: "About ${{ inputs.topic }}" }
outputs: { said: "${{ needs.x.output }}" }
)";

class NestedRunTest : public RunnerTest {
 protected:
  Runner& prepare_with(const std::string& text, const std::string& sub, workflow::Map inputs = {}) {
    const workflow::TestFiles files{
        {"w.yaml", flow(text)}, {"sub.yaml", flow(sub)}, {"./sub.yaml", flow(sub)}};
    const auto loaded = workflow::load("w.yaml", files, {&catalog::Catalog::shipped(), {}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    runner_.reset();
    journal_ = std::make_unique<MemoryJournal>(MemoryJournal::Keep::records);
    const Services services{.loop = loop_,
                            .journal = *journal_,
                            .models = models_ ? *models_ : default_models_,
                            .pricing = pricing_};
    runner_ = std::make_unique<Runner>(services, RunStart{.id = RunId{7},
                                                          .workflow = loaded.workflow,
                                                          .inputs = std::move(inputs),
                                                          .created = clock_.wall()});
    runner_->create();
    return *runner_;
  }
};

TEST_F(NestedRunTest, AProcessThatEndsLeavesItToBeResumed) {
  respond([this](const Question&) -> AskResult {
    runner_->abandon();
    return TestModels::says("lost");
  });
  prepare_with("tasks:\n  sub: { uses: ./sub.yaml }\n", "tasks:\n  x: { prompt: p }\n");
  EXPECT_TRUE(finish().lost);
  for (const SetTask& record : records<SetTask>()) EXPECT_FALSE(has_ended(record.state));
  for (const SetRunState& record : records<SetRunState>()) EXPECT_TRUE(is_live(record.state));
}

TEST_F(NestedRunTest, EachOfAListHasItsOwnApprovals) {
  Runner& runner = prepare_with(
      R"(inputs: { topics: { type: array } }
tasks:
  fan: { for_each: "${{ inputs.topics }}", uses: ./sub.yaml, with: { topic: "${{ item }}" } }
)",
      kSub,
      {{"topics", workflow::Value(workflow::List{workflow::Value("a/b"), workflow::Value("c")})}});
  TaskGroup group;
  const auto decide = [](Loop& loop, Runner& on) -> Task<void> {
    co_await loop.sleep_until(loop.now() + 10s);
    EXPECT_FALSE(on.decide("fan[d]/gate", true, "me"));
    EXPECT_TRUE(on.decide("fan[c]/gate", true, "me"));
    EXPECT_TRUE(on.decide("fan[a/b]/gate", true, "me"));
  };
  group.spawn(decide(loop_, runner));
  EXPECT_EQ(finish().state, RunState::succeeded);
  EXPECT_EQ(default_models_.asked, 2);
}

TEST_F(NestedRunTest, ATaskWithinIsCancelledByItsPlace) {
  Runner& runner = prepare_with(R"(tasks:
  sub: { uses: ./sub.yaml, with: { topic: t } }
)",
                                kSub);
  TaskGroup group;
  const auto cancel = [](Loop& loop, Runner& on) -> Task<void> {
    co_await loop.sleep_until(loop.now() + 10s);
    EXPECT_TRUE(on.cancel_task("sub/gate"));
  };
  group.spawn(cancel(loop_, runner));
  finish();
  EXPECT_EQ(default_models_.asked, 0);
}

TEST_F(NestedRunTest, RunsThatBeginTogetherHaveIdsOfTheirOwn) {
  RunId last = RunId::make(clock_.wall());
  for (int i = 0; i < 5000; ++i) {
    const RunId next = RunId::make(clock_.wall());
    ASSERT_GT(next.value, last.value);
    last = next;
  }
}

// A tool server that does not start: nothing is ever sent.
class NoTools final : public ToolUser {
 public:
  Task<AskResult> converse(Conversation&) override {
    ++asked;
    Failure failure{.error = {ErrorCode::unavailable, "the server does not start", {}}};
    failure.error_class = workflow::ErrorClass::tool;
    failure.retryable = true;
    failure.sent = false;
    co_return std::unexpected(std::move(failure));
  }
  int asked = 0;
};

TEST_F(RunnerTest, AToolServerThatDoesNotStartIsTriedAsOftenAsItSays) {
  NoTools tools;
  journal_ = std::make_unique<MemoryJournal>(MemoryJournal::Keep::records);
  const Services services{.loop = loop_,
                          .journal = *journal_,
                          .models = default_models_,
                          .pricing = pricing_,
                          .tools = &tools};
  RunStart start{.id = RunId{7}, .workflow = load(flow(R"(mcp_servers: { s: { command: [nothing] } }
tasks:
  a: { prompt: p, tools: [s.x], retry: { attempts: 3, on: [tool], jitter: none } }
)"))};
  runner_ = std::make_unique<Runner>(services, std::move(start));
  runner_->create();
  EXPECT_EQ(finish().state, RunState::failed);
  EXPECT_EQ(tools.asked, 3);
}

}  // namespace
}  // namespace tidegate::engine
