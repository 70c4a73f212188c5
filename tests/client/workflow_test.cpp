// What a program gets that runs a workflow of its own: results, the cost by role, and why not.
#include "tidegate/workflow.h"

#include <stdlib.h>

#include <filesystem>
#include <map>

#include "asked.h"
#include "base/scratch_dir.h"

namespace tidegate {
namespace {

class Workflows : public ClientTest {
 protected:
  static WorkflowOptions with_model() {
    WorkflowOptions options;
    options.model = "priced";
    return options;
  }
};

TEST_F(Workflows, GivesResultsAndWhatEachRoleCame) {
  Client client = open(options());
  Workflow workflow(with_model());
  workflow.add({.id = "draft", .role = "documentation", .prompt = "Write about tides."})
      .add({.id = "again", .role = "documentation", .prompt = "Write about waves."})
      .add({.id = "review",
            .role = "testing",
            .prompt = "Review: ${{ needs.draft.output }}",
            .needs = {"draft", "again"}});
  std::vector<std::string> ended;
  const auto result =
      workflow.run(client, [&](const AgentResult& task) { ended.push_back(task.id); });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->outcome, WorkflowOutcome::succeeded) << result->reason;
  ASSERT_EQ(ended.size(), 3u);
  EXPECT_EQ(ended.back(), "review");
  ASSERT_EQ(result->tasks.size(), 3u);
  const AgentResult* const review = result->find("review");
  ASSERT_NE(review, nullptr);
  EXPECT_NE(review->output.find("Write about tides."), std::string::npos) << review->output;
  EXPECT_EQ(review->model, "priced");
  EXPECT_EQ(review->provider, "deepseek");
  EXPECT_EQ(review->requests, 1u);
  // USD 1, 0.1 and 2 per million tokens.
  const Usage& used = review->tokens;
  EXPECT_EQ(review->cost.value,
            (used.prompt - used.cached) * 1000 + used.cached * 100 + used.completion * 2000);

  ASSERT_EQ(result->roles.size(), 2u);
  std::map<std::string, RoleReport> roles;
  for (const RoleReport& role : result->roles) roles[role.role] = role;
  EXPECT_EQ(roles["documentation"].tasks, 2u);
  EXPECT_EQ(roles["documentation"].requests, 2u);
  EXPECT_EQ(roles["documentation"].success_rate, 1.0);
  EXPECT_EQ(roles["testing"].cost, review->cost);
  EXPECT_EQ(result->total.cost, roles["testing"].cost + roles["documentation"].cost);
  EXPECT_EQ(result->total.tokens.prompt,
            roles["testing"].tokens.prompt + roles["documentation"].tokens.prompt);
  // It is the client's own pipeline: its sums agree.
  EXPECT_EQ(client.costs().requests, 3u);
  EXPECT_EQ(client.costs().cost, result->total.cost);
}

TEST_F(Workflows, AListIsATaskPerItemAndAFailureSkipsWhatNeedsIt) {
  Client client = open(options("400"));
  WorkflowOptions given = with_model();
  given.inputs = {{"files", R"(["a.c","b.c"])"}};
  Workflow workflow(given);
  workflow.add({.id = "scan", .prompt = "Scan ${{ item }}", .for_each = "${{ inputs.files }}"})
      .add({.id = "bad", .role = "testing", .prompt = "x", .model = "faulty", .attempts = 1})
      .add({.id = "after", .prompt = "y", .needs = {"bad"}});
  const auto result = workflow.run(client);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->outcome, WorkflowOutcome::failed);
  EXPECT_NE(result->reason.find("task bad failed"), std::string::npos) << result->reason;
  ASSERT_NE(result->find("scan", "b.c"), nullptr);
  EXPECT_NE(result->find("scan", "b.c")->output.find("Scan b.c"), std::string::npos);
  EXPECT_EQ(result->find("bad")->outcome, TaskOutcome::failed);
  EXPECT_EQ(result->find("after")->outcome, TaskOutcome::skipped);
  for (const RoleReport& role : result->roles) {
    if (role.role == "testing") {
      EXPECT_EQ(role.success_rate, 0.0);
      EXPECT_EQ(role.failed, 1u);
    }
  }
  EXPECT_EQ(result->total.tasks, 4u);  // two items, bad and after
  EXPECT_EQ(result->total.succeeded, 2u);
}

TEST_F(Workflows, SaysAllThatIsWrongBeforeAnythingIsSent) {
  Client client = open(options());
  Workflow workflow;
  workflow.add({.id = "a", .role = "testin", .prompt = "x", .needs = {"b"}})
      .add({.id = "b", .prompt = "${{ needs.c.output }}", .needs = {"a"}, .model = "priced"});
  const auto wrong = workflow.run(client);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid);
  EXPECT_NE(wrong.error().message.find("Did you mean testing?"), std::string::npos)
      << wrong.error().message;
  EXPECT_NE(wrong.error().message.find("\n"), std::string::npos) << wrong.error().message;

  Workflow unsure;
  unsure.add({.id = "a", .prompt = "x"});
  EXPECT_NE(unsure.run(client).error().message.find("tasks.a: no model"), std::string::npos);

  WorkflowOptions broken = with_model();
  broken.inputs = {{"x", "not json"}};
  broken.budget = NanoDollars{0};
  const std::string message = Workflow(broken).run(client).error().message;
  EXPECT_NE(message.find("budget: expected"), std::string::npos) << message;
  EXPECT_NE(message.find("inputs.x: expected JSON"), std::string::npos) << message;
  EXPECT_EQ(client.costs().requests, 0u);
}

TEST_F(Workflows, ABudgetPausesARunWhichIsThenGoneOnWith) {
  const ScratchDir folder;
  Client client = open(options());
  WorkflowOptions given = with_model();
  given.journal = (folder / "runs.db").string();
  given.key = "nightly";
  given.budget = NanoDollars{1'000};
  const auto build = [](WorkflowOptions of) {
    Workflow workflow(std::move(of));
    workflow.add({.id = "a", .prompt = "one", .max_tokens = 100});
    return workflow;
  };
  const auto paused = build(given).run(client);
  ASSERT_TRUE(paused) << paused.error().message;
  EXPECT_EQ(paused->outcome, WorkflowOutcome::paused);
  EXPECT_NE(paused->reason.find("budget"), std::string::npos) << paused->reason;
  EXPECT_EQ(client.costs().requests, 0u);

  given.budget = NanoDollars{1'000'000'000};
  const auto done = build(given).run(client);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->outcome, WorkflowOutcome::succeeded) << done->reason;
  EXPECT_EQ(done->run, paused->run);
  // What has ended is not run again.
  const auto same = build(given).run(client);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same->run, paused->run);
  EXPECT_EQ(same->tasks[0].output, done->tasks[0].output);
  EXPECT_EQ(client.costs().requests, 1u);
}

TEST_F(Workflows, TheClientsMoneyOfTheDayHoldsForThemToo) {
  ClientOptions poor = options();
  poor.limits.cost_per_day = NanoDollars{1};
  Client client = open(poor);
  Workflow workflow(with_model());
  workflow.add({.id = "a", .prompt = "x"});
  const auto result = workflow.run(client);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->outcome, WorkflowOutcome::failed);
  EXPECT_NE(result->find("a")->error.find("cost_per_day"), std::string::npos)
      << result->find("a")->error;
  EXPECT_EQ(result->total.cost.value, 0);
}

TEST_F(Workflows, AStopRequestCancelsTheRun) {
  Client client = open(options("hang"));
  Workflow workflow(with_model());
  workflow.add({.id = "quick", .prompt = "x"})
      .add({.id = "slow", .prompt = "y", .needs = {"quick"}, .model = "faulty"});
  std::stop_source stop;
  const auto result = workflow.run(
      client,
      [&](const AgentResult& task) {
        if (task.id == "quick") stop.request_stop();
      },
      stop.get_token());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->outcome, WorkflowOutcome::cancelled);
  EXPECT_EQ(result->find("quick")->outcome, TaskOutcome::succeeded);
  EXPECT_NE(result->find("slow")->outcome, TaskOutcome::succeeded);
}

TEST_F(Workflows, LeavesNothingBehindWithoutAJournal) {
  const ScratchDir temporary;
  ::setenv("TMPDIR", (temporary / "").c_str(), 1);
  const auto is_empty = [&] { return std::filesystem::is_empty(temporary / ""); };
  Client client = open(options());
  Workflow workflow(with_model());
  workflow.add({.id = "a", .prompt = "x"});
  bool empty_during = true;
  ASSERT_TRUE(workflow.run(client, [&](const AgentResult&) { empty_during = is_empty(); }));
  EXPECT_FALSE(empty_during);
  EXPECT_TRUE(is_empty());
  ::unsetenv("TMPDIR");
}

TEST_F(Workflows, IsAFileThatTheCommandTakes) {
  WorkflowOptions given = with_model();
  given.budget = NanoDollars{2'500'000'000};
  Workflow workflow(given);
  workflow.add({.id = "a", .prompt = "say \"hi\"", .json_schema = R"({"type":"object"})"});
  EXPECT_EQ(workflow.text(),
            R"({"name":"workflow","run":{"max_parallel":64,"fail_fast":false},"budget":2.50,)"
            R"("defaults":{"model":"priced"},"tasks":[{"id":"a","prompt":"say \"hi\"",)"
            R"("output":{"schema":{"type":"object"}}}]})");
}

}  // namespace
}  // namespace tidegate
