// Answers of the two surfaces that are only passed on: embeddings and legacy completions.
#include "protocol/embeddings.h"

#include <gtest/gtest.h>

#include "protocol/answer_reader.h"
#include "protocol/stream.h"

namespace tidegate::protocol {
namespace {

TEST(Embeddings, TellTheirModelAndUsage) {
  const auto answer = read_embeddings(
      R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],)"
      R"("model":"served","usage":{"prompt_tokens":8,"total_tokens":8}})");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->model, "served");
  EXPECT_EQ(answer->usage->prompt, 8);
  EXPECT_EQ(answer->usage->completion, 0);
  EXPECT_EQ(ending(*answer), Ending::complete);
}

TEST(Embeddings, MayCountInTotalOnlyOrNotAtAll) {
  const auto total = read_embeddings(R"({"data":[{}],"usage":{"total_tokens":5}})");
  EXPECT_EQ(total->usage->prompt, 5);
  const auto none = read_embeddings(R"({"data":["AACAPw=="]})");
  EXPECT_FALSE(none->usage.has_value());
  EXPECT_EQ(ending(*none), Ending::complete);
}

TEST(Embeddings, ErrorsWithinAnAnswerAreSeen) {
  for (const char* body : {R"({"error":{"message":"no"}})", R"({"object":"error","message":"no"})",
                           R"({"code":1,"message":"no","data":null})"}) {
    const auto answer = read_embeddings(body);
    ASSERT_TRUE(answer.has_value()) << body;
    EXPECT_EQ(ending(*answer), Ending::error) << body;
  }
}

TEST(Embeddings, NothingElseIsTakenForThem) {
  for (const char* body : {"", "<html>", "[]", R"({"data":[]})", R"({"data":{}})",
                           R"({"data":[{"embedding":[0.1)", R"({"choices":[]})"}) {
    EXPECT_FALSE(read_embeddings(body).has_value()) << body;
  }
}

constexpr const char* kFilled =
    R"({"id":"1","object":"text_completion","model":"m","choices":[{"text":"%","index":0,)"
    R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}})";

std::string filled(std::string_view text) {
  std::string body = kFilled;
  return body.replace(body.find('%'), 1, text);
}

TEST(Completions, AnEmptyTextIsAnAnswer) {
  AnswerReader reader;
  for (const char* text : {"a + b", "", "c", ""}) {
    const auto answer = reader.read(filled(text));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(ending(*answer), Ending::complete) << text;
    EXPECT_EQ(answer->usage->prompt, 3);
  }
  EXPECT_EQ(ending(*reader.read(R"({"choices":[]})")), Ending::empty);
}

TEST(Completions, AStreamIsCompleteWithItsMarkOnly) {
  StreamReader stream;
  EXPECT_EQ(stream.read(R"({"choices":[{"index":0,"text":" a","finish_reason":null}]})"),
            EventClass::content);
  EXPECT_EQ(stream.read(R"({"choices":[{"index":0,"text":" b","finish_reason":null}]})"),
            EventClass::content);
  stream.read(R"({"choices":[{"index":0,"text":"","finish_reason":"length"}]})");
  EXPECT_EQ(stream.ending(), Ending::truncated);
  EXPECT_EQ(stream.read(R"({"choices":[],"usage":{"prompt_tokens":3}})"), EventClass::usage_only);
  EXPECT_EQ(stream.read("[DONE]"), EventClass::done);
  EXPECT_EQ(stream.ending(), Ending::complete);
  EXPECT_EQ(stream.answer().finish, FinishReason::length);
}

}  // namespace
}  // namespace tidegate::protocol
