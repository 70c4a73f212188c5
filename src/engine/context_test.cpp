// What is asked when the outputs that a task is given do not fit into its model, and when its list
// is primed.
#include <fmt/format.h>

#include "engine/test_run.h"

namespace tidegate::engine {
namespace {

// Tasks `a` and `b` give more than a model of 200,000 tokens takes, so that `c` cannot be told
// both.
class ContextTest : public RunnerTest {
 protected:
  RunEnd run_with(const std::string& policy) {
    respond([&](const Question& question) -> AskResult {
      asked_.push_back(question.body);
      if (question.body.find("first") != std::string::npos)
        return TestModels::says(long_text('a', first_));
      if (question.body.find("second") != std::string::npos)
        return TestModels::says(long_text('b', second_));
      return TestModels::says(fmt::format("answer {}", asked_.size()));
    });
    return run(
        flow(fmt::format("tasks:\n"
                         "  a: {{ prompt: first }}\n"
                         "  b: {{ prompt: second }}\n"
                         "  c: {{ needs: [a, b], context: [a, b], model: claude-sonnet-4.5, "
                         "context_policy: {}, prompt: Conclude. }}\n"
                         "outputs: {{ said: \"${{{{ needs.c.output }}}}\" }}\n",
                         policy)));
  }
  static std::string long_text(char letter, std::size_t size) {
    std::string text;
    while (text.size() < size) text += fmt::format("{}{} ", letter, text.size());
    return text;
  }
  std::vector<std::string> purposes() const {
    std::vector<std::string> found;
    for (const BeginAttempt& attempt : records<BeginAttempt>()) found.push_back(attempt.purpose);
    return found;
  }

  std::size_t first_ = 500'000, second_ = 500'000;
  std::vector<std::string> asked_;
};

TEST_F(ContextTest, FullFailsBeforeAnythingIsSent) {
  const RunEnd end = run_with("full");
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_NE(end.reason.find("tokens"), std::string::npos) << end.reason;
}

TEST_F(ContextTest, TailSendsTheEndsAndSaysSo) {
  const RunEnd end = run_with("tail");
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  ASSERT_EQ(asked_.size(), 3u);
  EXPECT_NE(asked_[2].find("Conclude."), std::string::npos);
  EXPECT_NE(asked_[2].find("left out"), std::string::npos);
  bool noted = false;
  for (const AddEvent& event : records<AddEvent>()) noted |= event.kind == "context";
  EXPECT_TRUE(noted);
}

TEST_F(ContextTest, SummaryAsksForEachOfTheLargest) {
  const RunEnd end = run_with("summary");
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  const std::vector<std::string> all = purposes();
  ASSERT_GE(all.size(), 4u);
  EXPECT_EQ(all[2], "summary");
  EXPECT_EQ(all.back(), "");
  EXPECT_NE(asked_.back().find("answer 3"), std::string::npos);
  EXPECT_EQ(end.outputs.find("said").text(), fmt::format("answer {}", asked_.size()));
}

TEST_F(ContextTest, MapReduceAsksForEachPartAndThenForAllAnswers) {
  first_ = 1'000'000;
  second_ = 100;
  const RunEnd end = run_with("map_reduce");
  EXPECT_EQ(end.state, RunState::succeeded) << end.reason;
  const std::vector<std::string> all = purposes();
  ASSERT_GE(all.size(), 5u);
  EXPECT_EQ(all[2], "map");
  EXPECT_EQ(all[3], "map");
  EXPECT_EQ(all.back(), "");
  EXPECT_NE(asked_.back().find("answer 3"), std::string::npos);
  EXPECT_NE(asked_.back().find("answer 4"), std::string::npos);
}

// So that the provider's cache knows what they share before the others come.
TEST_F(RunnerTest, AListThatIsPrimedSendsItsFirstItemAlone) {
  const std::string tasks = "tasks: { each: { for_each: [1, 2, 3, 4], prompt: '${{ item }}' } }\n";
  std::vector<int> beside;
  const auto count = [&](const Question&) -> AskResult {
    beside.push_back(models_->in_flight);  // without the one that asks
    return TestModels::says("done");
  };
  respond(count, 100ms);
  EXPECT_EQ(run(flow("run: { prime: true }\n" + tasks)).state, RunState::succeeded);
  EXPECT_EQ(models_->most_in_flight, 3);
  EXPECT_EQ(beside.front(), 0);
  respond(count, 100ms);
  EXPECT_EQ(run(flow(tasks)).state, RunState::succeeded);
  EXPECT_EQ(models_->most_in_flight, 4);
}

}  // namespace
}  // namespace tidegate::engine
