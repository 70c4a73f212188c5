// Workflows within workflows: what they spend is spent by who uses them.
#include <gtest/gtest.h>

#include "engine/test_engine.h"

namespace tidegate::engine {
namespace {

constexpr const char* kOuter =
    "tasks:\n"
    "  first: { prompt: first }\n"
    "  deep: { needs: first, uses: inner.yaml }\n"
    "  last: { needs: deep, prompt: last }\n";
constexpr const char* kInner =
    "name: inner\n"
    "tasks:\n"
    "  x: { role: testing, prompt: x }\n"
    "  deepest: { needs: x, uses: deepest.yaml }\n";
constexpr const char* kDeepest = "name: deepest\ntasks: { y: { prompt: y } }\n";

class SubWorkflowTest : public EngineTest {
 protected:
  static std::shared_ptr<const workflow::Workflow> load(const std::string& budget = {}) {
    const std::string defaults = std::string(kHead).substr(std::string("name: t\n").size());
    const workflow::Loaded loaded =
        workflow::load("w.yaml",
                       workflow::TestFiles{{"w.yaml", kHead + budget + kOuter},
                                           {"inner.yaml", defaults + kInner},
                                           {"deepest.yaml", defaults + kDeepest}},
                       {&catalog::Catalog::shipped(), {}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    return loaded.workflow;
  }
};

TEST_F(SubWorkflowTest, AReportCountsWhatTheySpent) {
  const RunId id = run(load());
  ASSERT_EQ(end_.state, RunState::succeeded) << end_.reason;
  const RunPicture seen = picture(id);
  EXPECT_EQ(seen.totals.attempts, 4u);
  EXPECT_EQ(seen.totals.cost, end_.spent);
  EXPECT_EQ(seen.tasks[1].totals.attempts, 2u);
  EXPECT_EQ(seen.tasks[1].totals.cost.value * 2, end_.spent.value);
  bool found = false;
  for (const RoleCost& cost : seen.costs) found |= cost.role == "testing";
  EXPECT_TRUE(found);
}

// Whatever ended before a process died stays spent in the next one.
TEST_F(SubWorkflowTest, ARunThatIsResumedKnowsWhatTheySpent) {
  bool broken = true;
  respond_ = [&](const std::string& prompt) -> AskResult {
    if (broken && prompt == "last") engine_->abandon();
    return TestModels::says("ok");
  };
  const RunId id = run(load());
  ASSERT_TRUE(end_.lost);
  broken = false;
  ASSERT_TRUE(engine_->resume(id, {.on_end = keep()}));
  run_task(loop_, until_idle());
  ASSERT_EQ(end_.state, RunState::succeeded) << end_.reason;
  EXPECT_EQ(asked()["x"], 1);
  EXPECT_EQ(end_.spent, picture(id).totals.cost);
}

TEST_F(SubWorkflowTest, AForkShowsWhatTheWorkflowCostWhoseResultItTookOver) {
  const RunPicture source = picture(run(load()));
  const auto forked = fork(source.run, "last");
  ASSERT_TRUE(forked);
  const RunPicture seen = picture(*forked);
  EXPECT_EQ(seen.tasks[1].reused.cost, source.tasks[1].totals.cost);
  EXPECT_EQ(seen.reused.cost + seen.totals.cost, source.totals.cost);
}

}  // namespace
}  // namespace tidegate::engine
