#include "protocol/edits.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <optional>
#include <random>

namespace tidegate::protocol {
namespace {

class Body {
 public:
  explicit Body(std::string text) : text_(std::move(text)) {
    auto read = read_conversation(text_);
    EXPECT_TRUE(read) << read.error().message << " in " << text_;
    if (read) conversation_ = *read;
  }
  [[nodiscard]] Edits edits() const { return Edits(conversation_); }
  [[nodiscard]] const Conversation& conversation() const { return conversation_; }

 private:
  std::string text_;
  Conversation conversation_;
};

constexpr const char* kMessages = R"("messages":[{"role":"user","content":"hi"}])";

std::string with(const std::string& members) {
  return "{" + members + (members.empty() ? "" : ",") + "\"model\":\"a\"," + kMessages + "}";
}

TEST(Edits, LeavesOtherBytesAlone) {
  const Body body(
      R"( { "x" : 1.50, "model" :"a" ,"messages":[{"role":"user","content":"hi"}],"y":{}})");
  Edits edits = body.edits();
  edits.set_model("deepseek-v4-pro");
  EXPECT_EQ(edits.apply(), R"( { "x" : 1.50, "model" :"deepseek-v4-pro" ,)" +
                               std::string(kMessages) + R"(,"y":{}})");
  EXPECT_EQ(edits.apply().size(), edits.size());
}

TEST(Edits, AsksForUsageOnceAndOnlyInStreams) {
  const auto asked = [](const std::string& members) {
    const Body body(with(members));
    Edits edits = body.edits();
    const bool changed = edits.ensure_include_usage();
    EXPECT_EQ(changed, !edits.empty()) << members;
    const std::string out = edits.apply();
    return out.substr(0, out.find(",\"model\""));
  };
  EXPECT_EQ(asked("\"stream\":false"), "{\"stream\":false");
  EXPECT_EQ(asked("\"stream\":null"), "{\"stream\":null");
  EXPECT_EQ(asked("\"stream\":true"), R"({"stream_options":{"include_usage":true},"stream":true)");
  EXPECT_EQ(asked(R"("stream":true,"stream_options":null)"),
            R"({"stream":true,"stream_options":{"include_usage":true})");
  EXPECT_EQ(asked(R"("stream":true,"stream_options":{ })"),
            R"({"stream":true,"stream_options":{"include_usage":true })");
  EXPECT_EQ(asked(R"("stream":true,"stream_options":{"a":1})"),
            R"({"stream":true,"stream_options":{"include_usage":true,"a":1})");
  EXPECT_EQ(asked(R"("stream":true,"stream_options":{"a":1,"include_us\u0061ge":false})"),
            R"({"stream":true,"stream_options":{"a":1,"include_us\u0061ge":true})");
  EXPECT_EQ(asked(R"("stream":true,"stream_options":{"include_usage":true})"),
            R"({"stream":true,"stream_options":{"include_usage":true})");
}

TEST(Edits, SetsTheTokenLimitUnderTheProvidersName) {
  const auto limited = [](const std::string& members, const char* name, Tokens most) {
    const Body body(with(members));
    Edits edits = body.edits();
    edits.limit_max_tokens(name, most);
    EXPECT_TRUE(edits.ok());
    const std::string out = edits.apply();
    return out.substr(0, out.find("\"model\""));
  };
  EXPECT_EQ(limited("", "max_tokens", 10), "{\"max_tokens\":10,");
  EXPECT_EQ(limited("\"max_tokens\":8", "max_tokens", 10), "{\"max_tokens\":8,");
  EXPECT_EQ(limited("\"max_tokens\":800", "max_tokens", 10), "{\"max_tokens\":10,");
  EXPECT_EQ(limited("\"max_tokens\": null", "max_tokens", 10), "{\"max_tokens\": 10,");
  EXPECT_EQ(limited("\"max_tokens\":800", "max_completion_tokens", 10),
            "{\"max_completion_tokens\":10,");
  EXPECT_EQ(limited("\"max_tokens\":8", "max_completion_tokens", 10),
            "{\"max_completion_tokens\":8,");
  EXPECT_EQ(limited("\"max_tokens\":800,\"max_completion_tokens\":900", "max_tokens", 10),
            "{\"max_tokens\":10,\"max_completion_tokens\":10,");
  EXPECT_EQ(limited("\"max_completion_tokens\":null,\"max_tokens\":7", "max_tokens", 10),
            "{\"max_completion_tokens\":7,\"max_tokens\":7,");
}

TEST(Edits, RefusesWhatDoesNotFit) {
  const Body body(with(""));
  Edits long_name = body.edits();
  long_name.set_model(std::string(400, 'm'));
  EXPECT_FALSE(long_name.ok());
  Edits twice = body.edits();
  twice.set_model("b");
  twice.set_model("c");
  EXPECT_FALSE(twice.ok());
  Edits many = body.edits();
  for (int i = 0; i < 9; ++i) many.set_member({}, "k" + std::to_string(i), "1");
  EXPECT_FALSE(many.ok());
}

// What another reader makes of a body: each top-level member's value, minified.
std::map<std::string, std::string> members(const std::string& text) {
  simdjson::dom::parser parser;
  std::map<std::string, std::string> found;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(text).get(object), simdjson::SUCCESS) << text;
  for (const auto member : object) {
    const bool added = found.emplace(member.key, simdjson::minify(member.value)).second;
    EXPECT_TRUE(added) << "twice: " << member.key << " in " << text;
  }
  return found;
}

TEST(Edits, EqualsParseChangeAndReserialise) {
  std::mt19937 random(11);
  for (int round = 0; round < 4000; ++round) {
    const auto coin = [&] { return random() % 2 == 0; };
    std::vector<std::string> parts = {"\"model\" : \"old\"", kMessages};
    if (coin()) parts.push_back("\"stream\":true");
    const bool stream = parts.size() == 3;
    if (coin())
      parts.push_back("\"stream_options\":" +
                      std::string(std::array{"null", "{}", "{\"include_usage\":false}",
                                             "{ \"a\":[1] }"}[random() % 4]));
    if (coin()) parts.push_back("\"max_tokens\": " + std::to_string(1 + random() % 2000));
    if (coin()) parts.push_back("\"max_completion_tokens\":" + std::string(coin() ? "55" : "null"));
    if (coin()) parts.push_back("\"response_format\":{\"type\":\"text\"}");
    if (coin()) parts.push_back("\"x\" : [ 1.0e5 , \"\\u0041\" ]");
    std::shuffle(parts.begin(), parts.end(), random);
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "{ " : " , ") + part;
    const Body body(text + "}");

    auto expected = members(text + "}");
    Edits edits = body.edits();
    edits.set_model("new\"name");
    expected["model"] = "\"new\\\"name\"";
    if (edits.ensure_include_usage()) {
      auto& options = expected["stream_options"];
      EXPECT_TRUE(stream);
      options = options == "{\"a\":[1]}" ? "{\"include_usage\":true,\"a\":[1]}"
                                         : "{\"include_usage\":true}";
    }
    const Tokens asked = body.conversation().max_tokens.value_or(1000);
    const std::string most = std::to_string(std::min<Tokens>(asked, 1000));
    const bool both = expected.contains("max_tokens") && expected.contains("max_completion_tokens");
    edits.limit_max_tokens("max_completion_tokens", 1000);
    if (!both)
      expected.erase("max_tokens");
    else
      expected["max_tokens"] = most;
    expected["max_completion_tokens"] = most;
    edits.set_member(body.conversation().response_format_value, "response_format", "null");
    expected["response_format"] = "null";
    ASSERT_TRUE(edits.ok());
    ASSERT_EQ(members(edits.apply()), expected) << text;
    ASSERT_EQ(edits.apply().size(), edits.size());
  }
}

}  // namespace
}  // namespace tidegate::protocol
