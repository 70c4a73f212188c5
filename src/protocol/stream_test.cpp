#include "protocol/stream.h"

#include <gtest/gtest.h>

namespace tidegate::protocol {
namespace {

std::string chunk(std::string_view text, std::string_view rest = "null}]") {
  return R"({"id":"1","model":"m","choices":[{"index":0,"delta":{"content":")" + std::string(text) +
         R"("},"finish_reason":)" + std::string(rest) + "}";
}

TEST(ContentPattern, matches_events_that_differ_in_their_text_only) {
  ContentPattern pattern;
  EXPECT_FALSE(pattern.matches(chunk("one")));
  const std::string event = chunk("one");
  pattern.learn(event, std::string_view(event).substr(event.find("one"), 3), {});

  for (const std::string_view text : {"two", "a longer text than that", R"(\"quoted\" \\)", "\\n",
                                      R"(\\\")", "\u4f60\u597d", R"(","role":"x)"}) {
    EXPECT_EQ(pattern.matches(chunk(text)), !text.starts_with("\",")) << text;
  }
  EXPECT_FALSE(pattern.matches(chunk("")));
  EXPECT_FALSE(pattern.matches(chunk("x", R"("stop"}])")));
  EXPECT_FALSE(pattern.matches(chunk("x", R"(null}],"usage":{})")));
  EXPECT_FALSE(pattern.matches(chunk("x").substr(0, 60)));
  EXPECT_FALSE(pattern.matches(chunk("x") + " "));
  EXPECT_FALSE(pattern.matches(chunk("line\nbreak")));
  EXPECT_FALSE(pattern.matches(chunk("\xC3(")));
  EXPECT_FALSE(pattern.matches(chunk("longer than a word \xFF is")));
  EXPECT_FALSE(pattern.matches(""));
}

TEST(ContentPattern, finds_the_end_of_the_text_at_every_distance) {
  ContentPattern pattern;
  const std::string event = R"("a")";
  pattern.learn(event, std::string_view(event).substr(1, 1), {});
  for (std::size_t size = 1; size < 40; ++size) {
    const std::string text(size, '~');
    EXPECT_TRUE(pattern.matches('"' + text + '"')) << size;
    EXPECT_FALSE(pattern.matches('"' + text + "\" ")) << size;
    EXPECT_FALSE(pattern.matches('"' + text)) << size;
    EXPECT_FALSE(pattern.matches('"' + text + '\\')) << size;
    EXPECT_TRUE(pattern.matches('"' + text + "\\\"\"")) << size;
    EXPECT_FALSE(pattern.matches('"' + text + "\x1f\"")) << size;
    EXPECT_TRUE(pattern.matches('"' + text + "\x7f \"")) << size;
  }
}

TEST(ContentPattern, allows_a_second_string_before_or_after_the_text) {
  for (const std::string_view event :
       {R"({"pad":"xyz","text":"abc"})", R"({"text":"abc","pad":"xyz"})"}) {
    ContentPattern pattern;
    pattern.learn(event, event.substr(event.find("abc"), 3), event.substr(event.find("xyz"), 3));
    const auto with = [&](std::string_view text, std::string_view pad) {
      std::string made(event);
      made.replace(made.find("abc"), 3, text);
      return made.replace(made.find("xyz"), 3, pad);
    };
    EXPECT_TRUE(pattern.matches(with("words", "")));
    EXPECT_TRUE(pattern.matches(with("w", "12345678901234567890")));
    EXPECT_FALSE(pattern.matches(with("", "p")));
  }
}

TEST(StreamReader, goes_on_understanding_after_a_pattern_was_learnt) {
  StreamReader stream;
  EXPECT_EQ(stream.read(chunk("a")), EventClass::content);
  EXPECT_EQ(stream.read(chunk("b")), EventClass::content);
  EXPECT_EQ(stream.read(chunk("\x01")), EventClass::garbage);
  EXPECT_EQ(stream.read(chunk("", R"("length"}])")), EventClass::finish);
  EXPECT_EQ(stream.answer().finish, FinishReason::length);
  EXPECT_EQ(stream.read(chunk("c", R"(null}],"usage":{"prompt_tokens":7})")), EventClass::content);
  EXPECT_EQ(stream.answer().usage->prompt, 7);
  EXPECT_EQ(stream.ending(), Ending::truncated);
  EXPECT_EQ(stream.read(" [DONE] "), EventClass::done);
  EXPECT_EQ(stream.ending(), Ending::complete);
}

TEST(StreamReader, keeps_the_first_tool_call_ids_and_counts_all) {
  StreamReader stream;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    // Some providers repeat the id with every piece of the arguments.
    for (int piece = 0; piece < 2; ++piece) {
      EXPECT_EQ(stream.read(R"({"choices":[{"delta":{"tool_calls":[{"index":)" + n +
                            R"(,"id":"call_)" + n + R"(","function":{"arguments":"{}"}}]}}]})"),
                EventClass::content);
    }
  }
  EXPECT_EQ(stream.answer().tool_calls, 40u);
  ASSERT_EQ(stream.answer().tool_call_ids.size(), Answer::kMaxToolCallIds);
  EXPECT_EQ(stream.answer().tool_call_ids[15], "call_15");
}

}  // namespace
}  // namespace tidegate::protocol
