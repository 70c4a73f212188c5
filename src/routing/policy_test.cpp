#include "routing/policy.h"

#include <gtest/gtest.h>

namespace tidegate::routing {
namespace {

const std::vector<std::string> kRoutes{"long", "short", "agentic", "planning"};

Policy build(std::vector<config::PolicyRule> rules) {
  std::vector<config::Problem> problems;
  Policy policy = Policy::build(rules, kRoutes, problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.message;
  return policy;
}

Policy shipped() {
  return build(
      {{"context_tokens > 200000 && tool_density < 0.3", "long", {}},
       {"context_tokens < 50000 && tool_density < 0.2 && planning_score < 0.5", "short", {}},
       {"tool_density > 0.6", "agentic", {}},
       {"", "planning", {}}});
}

std::string reason(const Policy& policy, const Facts& facts) {
  Reason reason;
  policy.explain(policy.decide(facts).value(), facts, reason);
  return std::string(reason.view());
}

TEST(Policy, FirstRuleThatHolds) {
  const Policy policy = shipped();
  const auto route = [&](Tokens context, double density, double planning) {
    return policy
        .decide({.context_tokens = context, .tool_density = density, .planning_score = planning})
        ->route;
  };
  EXPECT_EQ(route(231042, 0.12, 0.9), 0u);
  EXPECT_EQ(route(200000, 0.12, 0.9), 3u);
  EXPECT_EQ(route(900, 0.0, 0.1), 1u);
  EXPECT_EQ(route(900, 0.0, 0.5), 3u);
  EXPECT_EQ(route(231042, 0.9, 0.1), 2u);
}

TEST(Policy, Reasons) {
  const Policy policy = shipped();
  EXPECT_EQ(reason(policy, {.context_tokens = 231042, .tool_density = 0.12}),
            "rule 1: context_tokens=231042 > 200000, tool_density=0.12 < 0.3");
  EXPECT_EQ(reason(policy, {.context_tokens = 99000, .tool_density = 0.666}),
            "rule 3: tool_density=0.67 > 0.6");
  EXPECT_EQ(reason(policy, {.context_tokens = 99000}), "rule 4: no other rule held");
}

TEST(Policy, ReasonShowsWhatHeldOrTheValueAlone) {
  const Policy policy =
      build({{"stream && !(tools > 5) && (client == 'curl' || 3 < messages || role in ['a'])",
              "long",
              {}},
             {"", "short", {}}});
  EXPECT_EQ(
      reason(policy, {.messages = 4, .tools = 2, .stream = true, .role = "b", .client = "Zed"}),
      "rule 1: stream=true, tools=2, client=Zed, messages=4 > 3, role=b");
}

TEST(Policy, ReasonIsSafeInAHeader) {
  const Policy policy =
      build({{"role != '\\n\xC3\xA9' && task != 'x'", "long", {}}, {"", "short", {}}});
  const std::string role = "a\r\nset-cookie: \x01\xC3\xA9" + std::string(300, 'z');
  const std::string task(300, 't');
  const std::string text = reason(policy, {.task = task, .role = role});
  EXPECT_LE(text.size(), Reason::kMaxBytes);
  EXPECT_TRUE(text.starts_with("rule 1: role=a??set-cookie: ???z"));
  for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(Policy, AllProblemsWithTheirPlaceInTheFile) {
  const std::vector<config::PolicyRule> rules{
      {"context_tokens > 1 && tool_densty < 2", "long", {"t.yaml", 7, 13}, true},
      {"stream &&\n rol == ''", "long", {"t.yaml", 9, 5}},
      {"", "lonk", {"t.yaml", 12, 3}}};
  std::vector<config::Problem> problems;
  const Policy policy = Policy::build(rules, kRoutes, problems);
  EXPECT_TRUE(policy.empty());
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].at.line, 7);
  EXPECT_EQ(problems[0].at.column, 36);
  EXPECT_NE(problems[0].message.find("tool_density"), std::string::npos);
  EXPECT_EQ(problems[1].at.line, 10);
  EXPECT_EQ(problems[1].at.column, 2);
}

TEST(Policy, ARuleWithoutAValueDoesNotHold) {
  const Policy policy = build({{"messages / tools > 2", "long", {}}, {"", "short", {}}});
  EXPECT_EQ(policy.decide({.messages = 9, .tools = 0})->rule, 2);
  EXPECT_EQ(policy.decide({.messages = 9, .tools = 3})->rule, 1);
}

TEST(Reason, Numbers) {
  const auto text = [](double number) {
    Reason reason;
    reason.add(number);
    return std::string(reason.view());
  };
  EXPECT_EQ(text(0.295), "0.30");
  EXPECT_EQ(text(-0.001), "0.00");
  EXPECT_EQ(text(-12.5), "-12.50");
  EXPECT_EQ(text(1e300), "1.00e+300");
}

TEST(Facts, TimeInUtc) {
  Facts facts;
  WallTime at;
  ASSERT_TRUE(parse_rfc3339("2026-11-22T23:59:59Z", at));
  set_time(facts, at);
  EXPECT_EQ(facts.hour, 23);
  EXPECT_EQ(facts.weekday, 6);
  EXPECT_EQ(product("Cursor/1.4 (linux)"), "Cursor");
  EXPECT_EQ(product("curl"), "curl");
}

}  // namespace
}  // namespace tidegate::routing
