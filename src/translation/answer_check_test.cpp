#include "translation/answer_check.h"

#include <gtest/gtest.h>

#include "translation/fence.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;

std::string inner(std::string_view raw) {
  const auto found = within_fence(raw);
  return found ? std::string(*found) : "none";
}

TEST(Fence, IsFoundAroundAWholeAnswerOnly) {
  EXPECT_EQ(inner(R"(```json\n{\"a\":1}\n```)"), R"({\"a\":1})");
  EXPECT_EQ(inner(R"(\n ```\n[1]\n```\r\n )"), "[1]");
  EXPECT_EQ(inner(R"(```JSON {\"a\":1}```)"), R"({\"a\":1})");
  EXPECT_EQ(inner(R"(```json\n\"ends in \\n```)"), R"(\"ends in \\n)");
  EXPECT_EQ(inner(R"({\"a\":1})"), "none");
  EXPECT_EQ(inner(R"(Here:\n```json\n{}\n```)"), "none");
  EXPECT_EQ(inner(R"(```json\n{}\n``` as asked)"), "none");
  EXPECT_EQ(inner("```json```"), "none");
  EXPECT_EQ(inner("`````"), "none");
  EXPECT_EQ(inner(""), "none");
}

// The pieces as they pass, with "|" between them.
std::string unfenced(std::initializer_list<std::string_view> pieces) {
  StreamFence fence;
  std::string out;
  const auto add = [&](std::string_view text) {
    if (!text.empty()) out.append(out.empty() ? "" : "|").append(text);
  };
  for (const std::string_view piece : pieces) add(fence.take(piece));
  add(fence.finish());
  return out;
}

TEST(Fence, IsTakenOffAsTheTextPasses) {
  EXPECT_EQ(unfenced({"``", "`js", R"(on\n)", R"({\"a\":)", R"(1}\n``)", R"(`\n)"}),
            R"({\"a\":|1})");
  EXPECT_EQ(unfenced({R"(```json\n{\"a\":1}\n```)"}), R"({\"a\":1})");
  EXPECT_EQ(unfenced({R"(\n ```)", R"(\n[1]\n```)", R"(\r\n )"}), "[1]");
  // Ticks and white space in it pass as soon as more follows.
  EXPECT_EQ(unfenced({R"(```\n{\"a\":\"x)", "```", R"( y\"} )", "```"}), R"({\"a\":\"x|``` y\"})");
  EXPECT_EQ(unfenced({R"(```\n\"ends in \\n)", "```"}), R"(\"ends in \\n)");
}

TEST(Fence, OfAStreamThatHasNoneNothingIsLost) {
  EXPECT_EQ(unfenced({"{", R"(\n})", "\\n"}), R"({|\n}|\n)");
  EXPECT_EQ(unfenced({"``", "x", "```"}), "``x|```");
  EXPECT_EQ(unfenced({" ", "1"}), " 1");
  EXPECT_EQ(unfenced({"``"}), "``");
  EXPECT_EQ(unfenced({"Here:", "```json", "{}", "```"}), "Here:|```json|{}|```");
  EXPECT_EQ(unfenced({"```json {}", "``` as asked"}), "{}|``` as asked");
  const std::string gap(1000, ' ');
  EXPECT_EQ(unfenced({gap, "1"}), gap + "|1");
  EXPECT_EQ(unfenced({"``` 1", gap, "2"}), "1|" + gap + "|2");
  EXPECT_EQ(unfenced({}), "");
}

// However the text is cut, the same passes.
TEST(Fence, IsFoundWhereverTheTextIsCut) {
  const std::string_view text = "\\n```json\\n{ `a` }\\n```\\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    if (cut > 0 && text[cut - 1] == '\\') continue;  // within an escape
    StreamFence fence;
    std::string out(fence.take(text.substr(0, cut)));
    out += fence.take(text.substr(cut));
    out += fence.finish();
    EXPECT_EQ(out, "{ `a` }") << cut;
  }
}

std::shared_ptr<const AskedForm> number_form() {
  ResponseFormat format;
  format.kind = ResponseFormat::Kind::json_schema;
  format.schema = R"({"type":"number"})";
  format.strict = true;
  return *read_asked_form(format, Surface::chat);
}

// What is wrong with an answer of these texts that ends so.
std::string fault(std::initializer_list<std::string_view> texts,
                  protocol::FinishReason finish = protocol::FinishReason::stop,
                  Kind more = Kind::usage) {
  AnswerCheck check(number_form());
  const auto take = [&](Kind kind, std::string_view text = {}) {
    Event event;
    event.kind = kind;
    event.text = text;
    event.finish = finish;
    check.take(event);
  };
  take(Kind::reasoning, "not looked at");
  for (const std::string_view text : texts) take(Kind::text, text);
  take(more);
  take(Kind::finish);
  check.judge();
  EXPECT_EQ(check.refuses(), !check.fault().empty());
  return check.fault();
}

TEST(AnswerCheck, PutsThePiecesTogether) {
  EXPECT_EQ(fault({"1", "2", ".5"}), "");
  EXPECT_EQ(fault({R"(\"1)", R"(2\")"}), "expected a number, found a string");
  EXPECT_EQ(fault({R"(\"\ud83c)"}), "expected JSON, found half a character");
}

TEST(AnswerCheck, SaysNothingOfWhatIsNotAnAnswerInText) {
  using protocol::FinishReason;
  EXPECT_EQ(fault({"no number"}, FinishReason::length), "");
  EXPECT_EQ(fault({"no number"}, FinishReason::content_filter), "");
  EXPECT_EQ(fault({"no number"}, FinishReason::tool_calls, Kind::tool_call), "");
  EXPECT_EQ(fault({"no number"}, FinishReason::stop, Kind::refusal), "");
  EXPECT_EQ(fault({}), "");
}

TEST(AskedForm, IsInWordsWhereTheProviderKnowsNone) {
  const auto in_words = [](ResponseFormat::Kind kind, Surface upstream,
                           const protocol::DialectTable& dialect, std::string_view model) {
    ResponseFormat format;
    format.kind = kind;
    return is_asked_in_words(format, upstream, dialect, model);
  };
  using enum ResponseFormat::Kind;
  EXPECT_TRUE(in_words(json_schema, Surface::chat, protocol::kDeepSeek, "deepseek-v4-pro"));
  EXPECT_FALSE(in_words(json_object, Surface::chat, protocol::kDeepSeek, "deepseek-v4-pro"));
  EXPECT_FALSE(in_words(json_schema, Surface::chat, protocol::kKimi, "kimi-k2.6"));
  EXPECT_FALSE(in_words(json_schema, Surface::responses, protocol::kOpenAi, "gpt-5.5"));
  EXPECT_FALSE(in_words(json_schema, Surface::messages, protocol::kAnthropic, "claude-opus-4-7"));
  EXPECT_TRUE(in_words(json_schema, Surface::messages, protocol::kAnthropic, "claude-opus-4-1"));
  EXPECT_TRUE(in_words(json_object, Surface::messages, protocol::kAnthropic, "claude-opus-4-7"));
  EXPECT_FALSE(in_words(text, Surface::messages, protocol::kAnthropic, "claude-opus-4-1"));
}

TEST(AskedForm, NamesThePlaceInTheClientsWords) {
  ResponseFormat format;
  format.kind = ResponseFormat::Kind::json_schema;
  format.schema = R"({"items":{"type":"nothing"}})";
  EXPECT_EQ(read_asked_form(format, Surface::chat).error().field,
            "response_format.json_schema.schema/items/type");
  EXPECT_EQ(read_asked_form(format, Surface::responses).error().field,
            "text.format.schema/items/type");
  EXPECT_EQ(read_asked_form(format, Surface::messages).error().field,
            "output_config.format.schema/items/type");
  format.schema = "{}";
  EXPECT_FALSE((*read_asked_form(format, Surface::responses))->strict);
  EXPECT_TRUE((*read_asked_form(format, Surface::messages))->strict);
}

}  // namespace
}  // namespace tidegate::translation
