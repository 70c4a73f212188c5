#include "workflow/plan.h"

#include <gtest/gtest.h>

#include "config/config.h"
#include "workflow/graph_text.h"
#include "workflow/plan_prices.h"
#include "workflow/test_files.h"

namespace tidegate::workflow {
namespace {

WallTime at(std::string_view text) {
  WallTime out;
  EXPECT_TRUE(parse_rfc3339(text, out));
  return out;
}

// A Tuesday; DeepSeek's dear hours are 01:00 to 04:00 and 06:00 to 10:00 UTC.
constexpr const char* kPeak = "2026-12-01T02:00:00Z";
constexpr const char* kCheap = "2026-12-01T12:00:00Z";

Result<Plan> plan_of(const std::string& text, const char* start, Map inputs = {},
                     std::int64_t items = 10) {
  const Surroundings around{&catalog::Catalog::shipped(), {}};
  const Loaded loaded = load_text(text, around);
  EXPECT_TRUE(loaded.ok()) << lines(loaded);
  if (!loaded.ok()) return fail(ErrorCode::invalid, "");
  return plan(*loaded.workflow,
              {at(start), std::move(inputs), items, &catalog::Catalog::shipped(), nullptr});
}

TEST(Plan, PricesATaskToTheTokensOfItsAnswer) {
  // deepseek-flash off-peak: 0.15 USD per million in, 0.60 out; twice that in dear hours.
  const std::string flow =
      "defaults: { model: deepseek-flash, thinking: off, max_tokens: 1000, retry: { attempts: 3 } "
      "}\n"
      "tasks: { a: { prompt: Begin. } }\n";
  const auto cheap = plan_of(flow, kCheap);
  ASSERT_TRUE(cheap) << cheap.error().message;
  ASSERT_EQ(cheap->rows.size(), 1U);
  const PlanRow& row = cheap->rows[0];
  EXPECT_EQ(row.model, "deepseek-flash");
  EXPECT_EQ(row.completion.min, 50);
  EXPECT_EQ(row.completion.expected, 1000);
  EXPECT_EQ(row.completion.max, 3000);
  EXPECT_EQ(row.requests.max, 3);
  const NanoDollars answer{1000 * 600};
  EXPECT_GT(row.cost.expected, answer);
  EXPECT_LT(row.cost.expected, answer + NanoDollars{10'000});
  EXPECT_EQ(row.cost.expected, row.off_peak);
  EXPECT_EQ(row.peak.value, row.off_peak.value * 2);
  // The most that it can cost is three attempts at the dearer price.
  EXPECT_EQ(row.cost.max.value, row.peak.value * 3);
  EXPECT_LT(row.cost.min, row.cost.expected);

  const auto dear = plan_of(flow, kPeak);
  ASSERT_TRUE(dear);
  EXPECT_EQ(dear->rows[0].cost.expected, dear->rows[0].peak);
}

TEST(Plan, CountsItemsThatAreKnownAndAssumesOthers) {
  const std::string flow =
      "inputs: { files: array }\n"
      "defaults: { model: deepseek-flash, max_tokens: 100 }\n"
      "tasks:\n"
      "  a: { for_each: \"${{ inputs.files }}\", prompt: \"${{ item }}\" }\n"
      "  b: { needs: a, for_each: \"${{ needs.a.outputs }}\", prompt: \"${{ item }}\" }\n";
  const auto plan = plan_of(flow, kCheap, {{"files", *Value::parse(R"(["x","y","z"])")}}, 7);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->total.requests.expected, 3 + 7);
  EXPECT_EQ(plan->total.requests.min, 3);
  ASSERT_FALSE(plan->notes.empty());
  EXPECT_TRUE(plan->notes[0].contains("task b: how many items it has is known only in the run; 7"));
}

TEST(Plan, CountsWhatAConditionMayLeaveOut) {
  const std::string flow =
      "inputs: { deep: boolean }\n"
      "defaults: { model: deepseek-flash, max_tokens: 100 }\n"
      "tasks:\n"
      "  a: { prompt: x }\n"
      "  b: { needs: a, if: \"${{ needs.a.output == 'go' }}\", prompt: y }\n"
      "  c: { if: \"${{ inputs.deep }}\", prompt: z }\n";
  const auto plan = plan_of(flow, kCheap, {{"deep", Value(false)}});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->total.requests.min, 1);
  EXPECT_EQ(plan->total.requests.expected, 2);
}

TEST(Plan, RefusesAnUnknownPrice) {
  const config::Loaded config = config::load_text(
      "providers: { p: { dialect: vllm, base_url: \"http://127.0.0.1:1/v1\" } }\n"
      "models: { house: { provider: p, name: x } }\n"
      "routes: { r: { model: house } }\npolicy: [ { route: r } ]\n",
      "c.yaml");
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(config.config, problems);
  ASSERT_NE(catalog.find("house"), nullptr);
  const Loaded loaded = load_text("tasks: { a: { model: house, prompt: x } }", {&catalog, {}});
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const auto planned = plan(*loaded.workflow, {at(kCheap), {}, 10, &catalog, nullptr});
  ASSERT_FALSE(planned);
  EXPECT_TRUE(planned.error().message.contains("model house (task a): its price is unknown"));
}

TEST(Plan, HoldsTasksForCheapHoursUnlessTheDeadlineIsNear) {
  const auto flow = [](const std::string& deadline) {
    return "run: { window: off-peak" + deadline +
           " }\n"
           "defaults: { model: deepseek-flash, max_tokens: 100 }\n"
           "tasks: { a: { prompt: x }, b: { needs: a, prompt: y } }\n";
  };
  const auto held = plan_of(flow(""), kPeak);
  ASSERT_TRUE(held);
  ASSERT_EQ(held->holds.size(), 1U);
  EXPECT_EQ(held->holds[0].tasks, 2);
  EXPECT_EQ(held->holds[0].until, at("2026-12-01T04:00:00Z"));
  EXPECT_FALSE(held->holds[0].released);
  EXPECT_EQ(held->total.cost.expected, held->total.off_peak);

  const auto hurried = plan_of(flow(", deadline: 30m"), kPeak);
  ASSERT_TRUE(hurried);
  ASSERT_EQ(hurried->holds.size(), 1U);
  EXPECT_TRUE(hurried->holds[0].released);
  EXPECT_LT(hurried->holds[0].until, at("2026-12-01T02:30:00Z"));

  EXPECT_TRUE(plan_of(flow(""), kCheap)->holds.empty());
}

TEST(Plan, FindsTheCriticalPath) {
  const auto plan = plan_of(
      "defaults: { model: deepseek-flash, thinking: off }\n"
      "tasks:\n"
      "  a: { max_tokens: 10, prompt: x }\n"
      "  slow: { needs: a, max_tokens: 1000, prompt: x }\n"
      "  fast: { needs: a, max_tokens: 10, prompt: x }\n"
      "  end: { needs: [slow, fast], max_tokens: 10, prompt: x }\n",
      kCheap);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->critical_path, (std::vector<std::string>{"a", "slow", "end"}));
  EXPECT_GT(plan->critical_time, 16s);
}

TEST(Plan, IncludesWorkflowsThatAreUsed) {
  const TestFiles files{
      {"w.yaml", "tasks: { a: { uses: s.yaml } }"},
      {"s.yaml", "tasks: { t: { model: deepseek-flash, max_tokens: 100, prompt: x } }"}};
  const Loaded loaded = load("w.yaml", files, {&catalog::Catalog::shipped(), {}});
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const auto planned =
      plan(*loaded.workflow, {at(kCheap), {}, 10, &catalog::Catalog::shipped(), nullptr});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->total.requests.expected, 1);
  EXPECT_GT(planned->total.cost.expected.value, 0);
}

TEST(Plan, IsShownAsTextAndJson) {
  const auto plan = plan_of(
      "budget: 0.00001\ndefaults: { model: deepseek-flash }\ntasks: { a: { prompt: x } }", kCheap);
  ASSERT_TRUE(plan);
  const std::string text = to_text(*plan);
  EXPECT_TRUE(text.contains("deepseek-flash")) << text;
  EXPECT_TRUE(text.contains("which is less than expected")) << text;
  const auto json = Value::parse(to_json(*plan));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("rows").at(0).find("model").text(), "deepseek-flash");
  EXPECT_GT(json->find("total").find("cost_nano_usd").find("max").number(),
            json->find("total").find("cost_nano_usd").find("expected").number());
}

TEST(GraphText, DrawsTasksAndNeeds) {
  const Loaded loaded = load_text(
      "tasks:\n"
      "  a: { role: testing, for_each: [1], prompt: x }\n"
      "  end: { needs: a, if: always(), approval: Sure? }\n");
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  EXPECT_EQ(to_mermaid(*loaded.workflow),
            "flowchart LR\n"
            "  t0[[\"a<br/>testing, for each item\"]]\n"
            "  t1{\"end<br/>approval\"}\n"
            "  t0 -.-> t1\n");
  EXPECT_TRUE(to_dot(*loaded.workflow).contains("\"a\" -> \"end\" [style=dashed];"));
}

}  // namespace
}  // namespace tidegate::workflow
