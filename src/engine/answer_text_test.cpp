#include "engine/answer_text.h"

#include <gtest/gtest.h>

namespace tidegate::engine {
namespace {

TEST(AnswerText, AnAnswerComesBackWhole) {
  Answer answer;
  answer.text = "two\nlines, \"quoted\"";
  answer.reasoning = "because";
  answer.tool_calls = {{"call_1", "repo_read", R"({"path":"a"})"}};
  answer.finish_reason = "tool_calls";
  answer.model = "m";
  answer.provider = "p";
  answer.request_id = "r";
  answer.usage = Usage{1, 2, 3, 4, 5};
  answer.first_byte = WallTime{1'800'000'000s + 5us};
  const auto back = ask_result(to_text(answer));
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->text, answer.text);
  EXPECT_EQ((*back)->reasoning, "because");
  ASSERT_EQ((*back)->tool_calls.size(), 1u);
  EXPECT_EQ((*back)->tool_calls[0].arguments, R"({"path":"a"})");
  EXPECT_EQ((*back)->finish_reason, "tool_calls");
  EXPECT_EQ((*back)->model + (*back)->provider + (*back)->request_id, "mpr");
  EXPECT_EQ((*back)->usage, answer.usage);
  EXPECT_EQ((*back)->first_byte, answer.first_byte);
}

TEST(AnswerText, AFailureComesBackWhole) {
  Failure failure{.error = {ErrorCode::unavailable, "busy", {}}};
  failure.error_class = workflow::ErrorClass::rate_limit;
  failure.retryable = false;
  failure.retry_after = 1500ms;
  failure.begun = 7;
  failure.model = "m";
  const auto back = ask_result(to_text(std::unexpected(failure)));
  ASSERT_TRUE(back && !*back);
  const Failure& read = back->error();
  EXPECT_EQ(read.error.message, "busy");
  EXPECT_EQ(read.error_class, workflow::ErrorClass::rate_limit);
  EXPECT_FALSE(read.retryable);
  EXPECT_TRUE(read.sent);
  EXPECT_FALSE(read.cancelled);
  EXPECT_EQ(read.retry_after, Duration(1500ms));
  EXPECT_EQ(read.begun, Tokens{7});
  EXPECT_EQ(read.model, "m");
  EXPECT_FALSE(read.usage);
}

TEST(AnswerText, WhatIsNoneIsAnError) {
  for (const char* text : {"", "[]", "{"}) EXPECT_FALSE(ask_result(text)) << text;
}

}  // namespace
}  // namespace tidegate::engine
