#include "workflow/render.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "workflow/context_policy.h"
#include "workflow/test_files.h"
#include "workflow/test_scope.h"

namespace tidegate::workflow {
namespace {

constexpr const char* kFlow =
    "roles: { r: { system: \"You are ${{ inputs.who }}.\" } }\n"
    "context: [ \"Shared.\", { text: \"Of run ${{ run.id }}.\" } ]\n"
    "inputs: { who: string }\n"
    "tasks:\n"
    "  a: { prompt: x }\n"
    "  b: { prompt: x }\n"
    "  c: { role: r, needs: [b, a], context: [b, a], prompt: \"Go: ${{ needs.a.output }}\",\n"
    "       model: m, max_tokens: 9, temperature: 0.5, thinking: off,\n"
    "       output: { schema: { type: object } } }\n";

TestScope scope() {
  TestScope scope;
  scope.inputs = {{"who", Value("me")}};
  scope.add({"a", Outcome::success, Value("A"), 1, 0, {}});
  scope.add({"b", Outcome::success, *Value::parse(R"({"b":1})"), 1, 0, {}});
  return scope;
}

TEST(Render, PutsWhatTasksShareFirst) {
  const Loaded loaded = load_text(kFlow);
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const auto prompt = render(*loaded.workflow, loaded.workflow->tasks[2], scope());
  ASSERT_TRUE(prompt) << prompt.error().message;
  EXPECT_EQ(text_of(prompt->system), "You are me.\n\nShared.\n\nOf run run-id.");
  // In the order of the file, not of `context`.
  EXPECT_EQ(
      text_of(prompt->user),
      "<output task=\"a\">\nA\n</output>\n\n<output task=\"b\">\n{\"b\":1}\n</output>\n\nGo: A");
}

TEST(Render, RefusesAnOutputThatIsNotThere) {
  const Loaded loaded = load_text(kFlow);
  TestScope s;
  s.inputs = {{"who", Value("me")}};
  s.add({"a", Outcome::skipped, {}, 0, 0, {}});
  s.add({"b", Outcome::success, Value("B"), 1, 0, {}});
  const auto prompt = render(*loaded.workflow, loaded.workflow->tasks[2], s);
  ASSERT_FALSE(prompt);
  EXPECT_TRUE(prompt.error().message.contains("the output of a has no value"));
}

TEST(Render, WritesABodyWithSortedTools) {
  const Loaded loaded = load_text(kFlow);
  const Task& task = loaded.workflow->tasks[2];
  const auto prompt = render(*loaded.workflow, task, scope());
  const std::vector<ToolForm> tools{{"z", "Z", "{}"}, {"b", "B", R"({"type":"object"})"}};
  const std::vector<std::string> more{R"({"role":"assistant","content":"hm"})"};
  const std::string body =
      request_body(task, *prompt, {.user = "run-1", .tools = tools, .more = more, .stream = true});
  const auto json = Value::parse(body);
  ASSERT_TRUE(json) << body;
  EXPECT_EQ(json->find("model").text(), "m");
  EXPECT_EQ(json->find("tools").at(0).find("function").find("name").text(), "b");
  EXPECT_EQ(json->find("messages").items().size(), 3U);
  EXPECT_EQ(json->find("max_completion_tokens").integer(), 9);
  EXPECT_EQ(json->find("temperature").number(), 0.5);
  EXPECT_EQ(json->find("reasoning_effort").text(), "none");
  EXPECT_EQ(json->find("user").text(), "run-1");
  EXPECT_EQ(json->find("response_format").find("json_schema").find("schema").json(),
            R"({"type":"object"})");
}

// A prompt of some words and outputs of tasks of these sizes in bytes.
Prompt prompt_with(const std::vector<std::size_t>& outputs) {
  const auto text = [](std::string what) {
    return std::make_shared<const std::string>(std::move(what));
  };
  Prompt prompt;
  prompt.user.push_back({Piece::Origin::author, {}, text("Summarise:\n")});
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::string words;
    for (std::size_t n = 0; words.size() < outputs[i]; ++n)
      words += "line " + std::to_string(n) + "\n";
    prompt.user.push_back({Piece::Origin::need, "t" + std::to_string(i), text(std::move(words))});
  }
  return prompt;
}

TEST(ContextPolicy, LeavesWhatFitsAlone) {
  const auto plan = plan_context(prompt_with({100}), ContextPolicy::tail, 10'000);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->kind, ContextPlan::Kind::as_is);
}

TEST(ContextPolicy, FullRefusesWhatDoesNotFit) {
  const auto plan = plan_context(prompt_with({100'000}), ContextPolicy::full, 5'000);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::too_large);
  EXPECT_TRUE(plan.error().message.contains("set context_policy"));
}

TEST(ContextPolicy, TailKeepsTheEndsAndSaysSo) {
  const Prompt prompt = prompt_with({200, 100'000, 80'000});
  const auto plan = plan_context(prompt, ContextPolicy::tail, 8'000);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->kind, ContextPlan::Kind::cut);
  EXPECT_LE(estimate_tokens(plan->prompt), 8'000);
  EXPECT_GT(estimate_tokens(plan->prompt), 5'000);
  EXPECT_EQ(plan->prompt.user[1].text, prompt.user[1].text);  // the small one stays whole
  EXPECT_TRUE(
      plan->prompt.user[2].text->starts_with("[The beginning of the output of t1 is left out"));
  EXPECT_TRUE(plan->prompt.user[2].text->ends_with(prompt.user[2].text->substr(95'000)));
  EXPECT_TRUE(plan->note.contains("output of t1: about")) << plan->note;
  EXPECT_TRUE(plan->note.contains("output of t2: about")) << plan->note;
}

TEST(ContextPolicy, PartsHaveAllOfTheTextAndFit) {
  const Prompt prompt = prompt_with({300'000});
  for (const ContextPolicy policy : {ContextPolicy::summary, ContextPolicy::map_reduce}) {
    const auto plan = plan_context(prompt, policy, 4'000);
    ASSERT_TRUE(plan) << plan.error().message;
    std::string whole;
    std::size_t at = 0;
    for (std::size_t i = 0; i < plan->parts.size(); ++i) {
      const Part& part = plan->parts[i];
      EXPECT_EQ(part.begin, at);
      at = part.end;
      const Prompt asked = policy == ContextPolicy::summary
                               ? summary_prompt(plan->prompt, part, 100)
                               : map_prompt(plan->prompt, plan->parts, i);
      EXPECT_LE(estimate_tokens(asked), 4'000);
    }
    EXPECT_EQ(at, prompt.user[1].text->size());
    EXPECT_FALSE(plan->note.empty());

    const std::vector<std::string> answers(plan->parts.size(), "short");
    const Prompt after = policy == ContextPolicy::summary
                             ? with_parts(plan->prompt, plan->parts, answers)
                             : reduce_prompt(plan->prompt, plan->parts, answers);
    const auto again = plan_context(after, policy, 4'000);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->kind, ContextPlan::Kind::as_is);
  }
}

TEST(ContextPolicy, CutsBetweenCharacters) {
  Prompt prompt = prompt_with({0});
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "中";
  prompt.user[1].text = std::make_shared<const std::string>(text);
  const auto cut = plan_context(prompt, ContextPolicy::tail, 3'000);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_TRUE(is_valid_utf8(*cut->prompt.user[1].text));
  const auto split = plan_context(prompt, ContextPolicy::map_reduce, 3'000);
  ASSERT_TRUE(split);
  for (const Part& part : split->parts) {
    EXPECT_TRUE(is_valid_utf8(text.substr(part.begin, part.end - part.begin)));
  }
}

TEST(ContextPolicy, RefusesWhatNoPolicyCanMakeFit) {
  Prompt prompt = prompt_with({10'000});
  prompt.system.push_back(
      {Piece::Origin::author, {}, std::make_shared<const std::string>(std::string(50'000, 'a'))});
  for (const ContextPolicy policy :
       {ContextPolicy::tail, ContextPolicy::summary, ContextPolicy::map_reduce}) {
    const auto plan = plan_context(prompt, policy, 1'000);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::too_large);
  }
}

}  // namespace
}  // namespace tidegate::workflow
