#include "routing/expression.h"

#include <gtest/gtest.h>

#include <limits>

namespace tidegate::routing {
namespace {

Facts sample() {
  return {.context_tokens = 231042,
          .tool_density = 0.12,
          .planning_score = 0.5,
          .messages = 7,
          .stream = true,
          .hour = 14,
          .weekday = 2,
          .task = "",
          .role = "planner",
          .client = "Cursor",
          .model = "auto"};
}

std::optional<bool> value(std::string_view source) {
  const auto compiled = Expression::compile(source);
  if (!compiled) {
    ADD_FAILURE() << source << ": " << compiled.error()[0].message;
    return std::nullopt;
  }
  return compiled->evaluate(sample());
}

std::vector<ExpressionError> errors(std::string_view source) {
  const auto compiled = Expression::compile(source);
  return compiled ? std::vector<ExpressionError>{} : compiled.error();
}

TEST(Expression, TrueOnes) {
  for (const char* source : {
           "context_tokens > 200000 && tool_density < 0.3",
           "context_tokens == 231042",
           "200000 < context_tokens",
           "0.3 > tool_density",
           "context_tokens > 2e5",
           "tool_density > 0",
           "tool_density >= -1",
           "messages + 1 == 8 && messages - 1 * 2 == 5 && (messages - 1) * 2 == 12",
           "messages / 2 == 3 && messages % 4 == 3 && -messages == -7",
           "messages / 2.0 == 3.5",
           "-messages / 2 == -3 && -messages % 4 == -3",
           "messages == 7.0 && 7.0 == messages",
           "stream",
           "stream == true && stream != false",
           "!peak && !(messages > 7)",
           "peak || stream",
           "peak && stream || stream",
           "stream || peak && peak",
           "role == \"planner\" && role != 'x' && role < \"q\"",
           "role in ['coder', \"planner\"]",
           "!(role in [])",
           "messages in [1, -7, 7,]",
           "messages in [7.0, 8]",
           "planning_score in [1, 0.5]",
           "client.startsWith('Cur') && client.endsWith('sor') && client.contains('rso')",
           "!client.contains('x') && 'Cursor/2'.startsWith(client)",
           "(stream ? messages : 0) == 7",
           "(peak ? 1 : stream ? 2 : 3) == 2",
           "(stream ? messages : tools) < 8",
           "(peak ? tools : messages) == 7",
           "(peak ? false : true) && (stream ? true : false)",
           "task == '' && hour == 14 && weekday == 2",
           "  stream // a comment\n && stream ",
           "-9223372036854775808 < 0 && 9223372036854775807 > 0",
           ".5 == planning_score && 5e-1 == planning_score",
           "((((stream))))",
           "model == 'auto'",
           "1 == 1 == true",
       }) {
    EXPECT_EQ(value(source), true) << source;
  }
}

TEST(Expression, FalseOnes) {
  for (const char* source : {
           "context_tokens > 231042",
           "peak",
           "stream && peak",
           "peak && 1 / messages == 0 || peak",
           "client.startsWith('cursor')",
           "client.endsWith('Cursor/1')",
           "role in ['coder']",
           "messages != 7",
           "!(stream || peak)",
           "(peak ? 3 : 4) == 3",
       }) {
    EXPECT_EQ(value(source), false) << source;
  }
}

TEST(Expression, WhatHasNoValueDoesNotHold) {
  for (const char* source : {
           "1 / tools > 0", "1 % tools == 0", "1.0 / planning_score / 0 > 0",
           "1e308 * (1 + context_tokens) > 0.0", "9223372036854775807 + messages > 0",
           "-9223372036854775808 - messages < 0", "context_tokens * 9223372036854775807 > 0",
           "(-9223372036854775808 + tools) / -1 > 0", "-(-9223372036854775808 + tools) > 0",
           "!(1 / tools > 0)",
           "1 / tools > 0 || stream",  // from left to right, unlike CEL
       }) {
    EXPECT_EQ(value(source), std::nullopt) << source;
  }
  EXPECT_EQ(value("tools == 0 || 1 / tools > 0"), true);
  EXPECT_EQ(value("tools != 0 && 1 / tools > 0"), false);
}

TEST(Expression, StringEscapes) {
  Facts facts = sample();
  facts.role = "a\n\t\"'\\A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  const auto compiled =
      Expression::compile(R"(role == "a\n\t\"\'\\\x41\u00e9\u20ac\U0001F600" && r'\d' == "\\d")");
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->holds(facts));
  EXPECT_EQ(value(R"('\101' == 'A')"), true);
  for (const char* source : {R"('\d' == '')", R"('\ud800' == '')", R"('\x4' == '')", "'open == 1",
                             R"('\777' == '')", R"('\U00110000' == '')", R"('\x-1' == '')"}) {
    EXPECT_EQ(errors(source).size(), 1u) << source;
  }
}

TEST(Expression, AllErrorsWithTheirPlace) {
  const auto found =
      errors("contxt_tokens > 5\n && role > 3 && (messages && \"\xC3\xA9\" + 1 == 2)");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].line, 1);
  EXPECT_EQ(found[0].column, 1);
  EXPECT_NE(found[0].message.find("Did you mean context_tokens"), std::string::npos);
  EXPECT_EQ(found[1].line, 2);
  EXPECT_EQ(found[1].column, 10);
  EXPECT_EQ(found[2].column, 18);
  EXPECT_EQ(found[3].column, 30);
}

TEST(Expression, Refused) {
  for (const char* source : {
           "",
           "   ",
           "messages",
           "messages +",
           "(stream",
           "stream)",
           "stream stream",
           "1u == 1",
           "stream & peak",
           "stream | peak",
           "messages = 7",
           "role == 5",
           "stream < peak",
           "role + role == ''",
           "!messages",
           "-role == ''",
           "role in stream",
           "role in [messages]",
           "role in [1]",
           "role in ['a' 'b']",
           "client.matches('x')",
           "client.contains(5)",
           "messages.contains('x')",
           "stream ? 1 : 2",
           "(stream ? 1 : 2.0) == 1",
           "(messages ? 1 : 2) == 1",
           "9223372036854775808 > 0",
           "1e999 > 0",
           "1.5 % 2 == 0",
           "1.2.3 == 1",
           "0x10 == 16",
           "stream ? true",
           "null",
           "size(role) == 1",
           "#",
           "1e+ > 0",
           "\"\"\"x\"\"\" == ''",
           "stream && ",
           "- > 1",
           "'\n' == ''",
           "role.startsWith",
       }) {
    EXPECT_FALSE(errors(source).empty()) << source;
  }
}

TEST(Expression, Limits) {
  EXPECT_FALSE(errors(std::string(4097, ' ')).empty());
  EXPECT_TRUE(errors(std::string(63, '(') + "stream" + std::string(63, ')')).empty());
  EXPECT_FALSE(errors(std::string(64, '(') + "stream" + std::string(64, ')')).empty());
  EXPECT_FALSE(errors(std::string(4000, '!') + "stream").empty());
  std::string deep_stack = "1 == ";
  for (int i = 0; i < 60; ++i) deep_stack += "1+2*(";
  EXPECT_FALSE(errors(deep_stack + "1" + std::string(60, ')')).empty());
  std::string clients = "client == 'a0'";
  for (int i = 1; i < 120; ++i) clients += " || client == 'a" + std::to_string(i) + "'";
  EXPECT_TRUE(errors(clients).empty());  // 239 operations
  EXPECT_FALSE(errors(clients + " || " + clients).empty());
  std::string list = "messages in [0";
  for (int i = 1; i < 300; ++i) list += "," + std::to_string(i);
  EXPECT_FALSE(errors(list + "]").empty());
}

TEST(Expression, NotANumberHoldsNoComparison) {
  Facts facts = sample();
  facts.tool_density = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(Expression::compile("tool_density < 0.3")->holds(facts));
  EXPECT_FALSE(Expression::compile("tool_density >= 0.3")->holds(facts));
}

TEST(Expression, StaysWholeWhenMoved) {
  auto compiled = Expression::compile("role in ['planner'] && client == 'Cursor'");
  ASSERT_TRUE(compiled);
  const Expression moved = std::move(*compiled);
  EXPECT_TRUE(moved.holds(sample()));
  EXPECT_TRUE(moved.uses("role"));
  EXPECT_FALSE(moved.uses("peak"));
}

}  // namespace
}  // namespace tidegate::routing
