// Whole answers both ways, and reasoning whose seal must find its way back through a chat client.
#include "translation/chat_answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "json/reader.h"
#include "translation/chat_request.h"

namespace tidegate::translation {
namespace {

constexpr std::string_view kAnswer =
    R"({"id":"x","object":"chat.completion","created":9,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \u00fc","reasoning_content":"h\"m","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":5}}})";

AnswerContext context(std::string_view model) {
  AnswerContext context;
  context.id = "1";
  context.model = model;
  context.maker = "a/claude";
  return context;
}

class Encoding : public EventSink {
 public:
  explicit Encoding(StreamEncoder& encoder) : encoder_(encoder) {}
  void take(const Event& event) override { encoder_.encode(event, out); }
  std::string out;

 private:
  StreamEncoder& encoder_;
};

std::string through(std::string_view answer, AnswerContext as = context("m")) {
  const auto encoder = kChatCodec.answer_encoder(std::move(as));
  Encoding encoding(*encoder);
  const auto read = kChatCodec.read_answer(answer, protocol::kDeepSeek, encoding);
  return read ? encoding.out : "error: " + read.error().message;
}

TEST(ChatAnswer, says_the_same_in_openais_words) {
  EXPECT_EQ(
      through(kAnswer, context("")),
      R"({"id":"chatcmpl-1","object":"chat.completion","created":0,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \u00fc","refusal":null,"reasoning_content":"h\"m","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":5}}})");
}

TEST(ChatAnswer, hides_reasoning_that_nobody_asked_to_see) {
  AnswerContext hiding = context("m");
  hiding.show_reasoning = false;
  const std::string out = through(kAnswer, hiding);
  EXPECT_EQ(out.find("h\\\"m"), std::string::npos) << out;
}

TEST(ChatAnswer, blank_lines_before_the_body_are_none_of_it) {
  EXPECT_EQ(through("\n\n" + std::string(kAnswer)), through(kAnswer));
}

TEST(ChatAnswer, an_error_in_its_place_is_told_as_one) {
  EXPECT_TRUE(through(R"({"error":{"message":"Out of memory","code":500}})")
                  .starts_with(R"({"error":{"message":"Out of memory")"));
  EXPECT_TRUE(through(R"({"id":"x","choices":[]})").starts_with("error: "));
  EXPECT_TRUE(through("<html>").starts_with("error: "));
}

// Two thoughts of Claude, the first sealed, and a redacted one, as a chat client streams them and
// sends them back.
TEST(ChatAnswer, sealed_reasoning_survives_a_chat_client) {
  const auto encoder = kChatCodec.stream_encoder(context("m"));
  Encoding encoding(*encoder);
  const auto tell = [&](Event::Kind kind, std::string_view text, Seal seal = Seal::none) {
    Event event;
    event.kind = kind;
    event.text = text;
    event.seal = seal;
    encoding.take(event);
  };
  tell(Event::Kind::start, {});
  tell(Event::Kind::reasoning, "pl\\u00e4in\\n");
  tell(Event::Kind::text, "t");
  tell(Event::Kind::reasoning, "se\xC3\xA4");
  tell(Event::Kind::reasoning, "led \\ud83d\\ude00");
  tell(Event::Kind::reasoning_seal, "c2ln", Seal::anthropic_signature);
  tell(Event::Kind::reasoning_seal, "cmVk", Seal::anthropic_redacted);

  std::string details;
  const std::string& out = encoding.out;
  constexpr std::string_view kMember = R"("reasoning_details":[)";
  for (std::size_t at = 0; (at = out.find(kMember, at)) != std::string::npos; ++at) {
    const std::size_t begin = at + kMember.size();
    details += (details.empty() ? "" : ",") + out.substr(begin, out.find(']', begin) - begin);
  }
  // The client has undone some escapes and made others.
  const std::string body = fmt::format(
      R"({{"model":"m","messages":[{{"role":"assistant","content":"t","reasoning_content":"pl{}in\nse\u00e4led {}","reasoning_details":[{}]}}]}})",
      "\xC3\xA4", "\xF0\x9F\x98\x80", details);
  const auto request = read_chat_request(body);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  ASSERT_EQ(request->parts.size(), 4u) << out;
  EXPECT_EQ(request->parts[0].text, "pl\xC3\xA4in\\n");
  EXPECT_EQ(request->parts[0].seal, Seal::none);
  EXPECT_EQ(request->parts[1].text, "se\\u00e4led \xF0\x9F\x98\x80");
  EXPECT_EQ(request->parts[1].seal, Seal::anthropic_signature);
  EXPECT_EQ(request->parts[1].proof, "c2ln");
  EXPECT_EQ(request->parts[1].maker, "a/claude");
  EXPECT_EQ(request->parts[2].seal, Seal::anthropic_redacted);
  EXPECT_EQ(request->parts[2].proof, "cmVk");
}

}  // namespace
}  // namespace tidegate::translation
