#include "protocol/conversation.h"

#include <gtest/gtest.h>

#include <memory>
#include <tuple>

namespace tidegate::protocol {
namespace {

constexpr const char* kMessages = R"("messages":[{"role":"user","content":"hi"}])";

// Reads a copy of exact size, so that the address sanitizer sees a read past the end.
struct Read {
  explicit Read(std::string_view text) : bytes(new char[text.size()]) {
    text.copy(bytes.get(), text.size());
    result = read_conversation({bytes.get(), text.size()});
  }
  const Conversation* operator->() const { return &*result; }
  std::unique_ptr<char[]> bytes;
  Result<Conversation> result;
};

std::string field_of_refusal(std::string_view text) {
  const Read read(text);
  if (read.result) return "accepted";
  EXPECT_EQ(read.result.error().code, ErrorCode::invalid);
  EXPECT_FALSE(read.result.error().message.empty());
  return read.result.error().field;
}

std::string with(std::string_view members) {
  return "{\"model\":\"a\"," + std::string(kMessages) + "," + std::string(members) + "}";
}

TEST(Conversation, FindsFieldsAndTheirPlaces) {
  const std::string text =
      R"({"model": "m-1","stream" :true,"stream_options":{"include_usage": false},)"
      R"("max_tokens":64,"thinking":{"type":"disabled"},"reasoning_effort":"high",)" +
      std::string(kMessages) + ",\"seed\":1}";
  const Read read(text);
  ASSERT_TRUE(read.result) << read.result.error().message;
  EXPECT_EQ(read->model, "m-1");
  EXPECT_EQ(read->model_value.in(text), "\"m-1\"");
  EXPECT_TRUE(read->stream);
  EXPECT_EQ(read->stream_value.in(text), "true");
  EXPECT_EQ(read->stream_options_value.in(text), "{\"include_usage\": false}");
  EXPECT_FALSE(read->include_usage);
  EXPECT_EQ(read->include_usage_value.in(text), "false");
  EXPECT_EQ(read->max_tokens, 64);
  EXPECT_EQ(read->max_tokens_key.in(text), "\"max_tokens\"");
  EXPECT_EQ(read->max_tokens_value.in(text), "64");
  EXPECT_EQ(read->thinking, Toggle::off);
  EXPECT_EQ(read->effort, Effort::high);
  EXPECT_EQ(text[read->members_begin - 1], '{');
}

TEST(Conversation, FindsThinkingUnderAnyProvidersName) {
  const auto read = [](std::string_view members) {
    return read_conversation(with(members)).value();
  };
  for (const char* off :
       {R"("thinking":{"type":"disabled"})", R"("reasoning":{"enabled":false})",
        R"("chat_template_kwargs":{"thinking":false,"x":1})", R"("enable_thinking":false)"}) {
    EXPECT_EQ(read(off).thinking, Toggle::off) << off;
    EXPECT_TRUE(read(off).has_thinking_field) << off;
  }
  for (const char* on : {R"("thinking":{"type":"adaptive"})", R"("reasoning":{"enabled":true})",
                         R"("chat_template_kwargs":{"enable_thinking":true})"}) {
    EXPECT_EQ(read(on).thinking, Toggle::on) << on;
  }
  EXPECT_EQ(read(R"("reasoning":{"effort":"xhigh"})").effort, Effort::xhigh);
  EXPECT_EQ(read(R"("chat_template_kwargs":{"reasoning_effort":"max"})").effort, Effort::max);
  EXPECT_TRUE(read(R"("chat_template_kwargs":{"x":1})").has_thinking_field);
}

TEST(Conversation, BlankReasoningIsNone) {
  const auto bare = [](std::string_view member) {
    return read_conversation(R"({"model":"m","messages":[{"role":"assistant","content":"a",)" +
                             std::string(member) + "}]}")
        .value()
        .bare_steps;
  };
  EXPECT_EQ(bare(R"("reasoning_content":"")"), 1U);
  EXPECT_EQ(bare(R"("reasoning_content":" \n")"), 1U);
  EXPECT_EQ(bare(R"("reasoning":null)"), 1U);
  EXPECT_EQ(bare(R"("reasoning":"so")"), 0U);
}

TEST(Conversation, ReadsMessagesToolsAndSteps) {
  const Read read(R"({"model":"m","messages":[
    {"role":"developer","content":"be \"good\""},
    {"role":"user","content":[{"type":"text","text":"one"},{"type":"image_url","image_url":{"url":"data:AAAA"}},
                              {"type":"text","text":"two"}]},
    {"content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},
                                  {"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}],"role":"assistant"},
    {"role":"tool","tool_call_id":"1","content":"ok"},
    {"role":"assistant","content":"done"},
    {"role":"latest_reminder","content":[]}],
    "tools":[{"type":"function","function":{"name":"Bash","parameters":{"name":"x"}}},
             {"type":"function","function":{"name":"apply_patch"}}]})");
  ASSERT_TRUE(read.result) << read.result.error().message;
  EXPECT_EQ(read->messages, 6U);
  EXPECT_EQ(read->tools, 2U);
  EXPECT_EQ(read->images, 1U);
  EXPECT_EQ(read->media, static_cast<MediaSet>(Media::images));
  EXPECT_EQ(read->developer_roles, 1U);
  EXPECT_EQ(read->assistant_steps, 2U);
  EXPECT_EQ(read->recent_tool_calls[0], 2);
  EXPECT_EQ(read->recent_tool_calls[1], 0);
  EXPECT_TRUE(read->edit_tools);
  EXPECT_TRUE(read->shell_tools);
  EXPECT_EQ(read->system_text, R"(be \"good\")");
  EXPECT_EQ(read->first_user_text, "one");
  EXPECT_EQ(read->last_user_text, "two");
}

TEST(Conversation, KeepsTheLastTwentySteps) {
  std::string text = "{\"model\":\"m\",\"messages\":[";
  for (int i = 0; i < 25; ++i) {
    text += "{\"role\":\"assistant\",\"tool_calls\":[";
    for (int call = 0; call < i; ++call) text += call == 0 ? "{}" : ",{}";
    text += i == 24 ? "]}" : "]},";
  }
  const Read read(text + "]}");
  ASSERT_TRUE(read.result) << read.result.error().message;
  EXPECT_EQ(read->assistant_steps, 25U);
  for (std::size_t i = 5; i < 25; ++i) EXPECT_EQ(read->recent_tool_calls[i % 20], i);
}

TEST(Conversation, LeavesMediaOutOfTheText) {
  const auto classes = [](const std::string& part) {
    const Read read(
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"ab"})" + part +
        "]}]}");
    EXPECT_TRUE(read.result);
    return std::pair(read->text, read->images);
  };
  const auto plain = classes("");
  for (const char* part :
       {R"(,{"type":"image_url","image_url":{"url":"data:xxxxxxxx"}})",
        R"(,{"type":"input_audio","input_audio":{"data":"xxxx","format":"wav"}})",
        R"(,{"type":"file","file":{"file_data":"xxxx"}})"}) {
    const auto [text, images] = classes(part);
    EXPECT_EQ(text, plain.first) << part;
    EXPECT_EQ(images, 1U) << part;
  }
}

TEST(Conversation, RefusalsNameTheField) {
  EXPECT_EQ(field_of_refusal("{\"model\":1," + std::string(kMessages) + "}"), "model");
  EXPECT_EQ(field_of_refusal("{" + std::string(kMessages) + "}"), "model");
  EXPECT_EQ(field_of_refusal(R"({"model":"m"})"), "messages");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":{}})"), "messages");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":null})"), "messages");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":[{"role":"user"},3]})"), "messages[1]");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":[{"content":"x"}]})"), "messages[0].role");
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":[{"role":7}]})"), "messages[0].role");
  EXPECT_EQ(field_of_refusal(with("\"stream\":\"true\"")), "stream");
  EXPECT_EQ(field_of_refusal(with("\"stream_options\":[]")), "stream_options");
  EXPECT_EQ(field_of_refusal(with("\"stream_options\":{\"include_usage\":1}")),
            "stream_options.include_usage");
  EXPECT_EQ(field_of_refusal(with("\"tools\":{}")), "tools");
  for (const char* value : {"0", "-1", "1e3", "1.0", "\"5\"", "99999999999999999999", "true"}) {
    EXPECT_EQ(field_of_refusal(with("\"max_tokens\":" + std::string(value))), "max_tokens")
        << value;
  }
}

TEST(Conversation, RefusesSecondKeysHoweverEscaped) {
  EXPECT_EQ(field_of_refusal(with("\"model\":\"b\"")), "model");
  EXPECT_EQ(field_of_refusal(with(R"("mod\u0065l":"b")")), "model");
  EXPECT_EQ(field_of_refusal(with(R"("stream":true,"stream":false)")), "stream");
  EXPECT_EQ(field_of_refusal(with(R"("max_tokens":1,"m\u0061x_tokens":2)")), "max_tokens");
  EXPECT_EQ(field_of_refusal(with(R"("max_completion_tokens":1,"max_completion_tokens":2)")),
            "max_completion_tokens");
  EXPECT_EQ(field_of_refusal(with(kMessages)), "messages");
  EXPECT_EQ(field_of_refusal(with(R"("tools":[],"tools":[])")), "tools");
  EXPECT_EQ(field_of_refusal(with(R"("stream_options":{},"stream_options":{})")), "stream_options");
  EXPECT_EQ(field_of_refusal(
                with(R"("stream_options":{"include_usage":true,"include_us\u0061ge":false})")),
            "stream_options.include_usage");
  EXPECT_EQ(field_of_refusal(with(R"("x":1,"x":2)")), "accepted");  // not ours to judge
  const Read escaped("{\"mod\\u0065l\":\"a\"," + std::string(kMessages) + "}");
  ASSERT_TRUE(escaped.result);
  EXPECT_EQ(escaped->model, "a");
}

TEST(Conversation, RefusesWhatIsNoConversation) {
  for (const std::string& text :
       {std::string(), std::string("  "), std::string("[]"), std::string("1"), std::string("{"),
        std::string("{\"messages\":"), with("\"a\":1") + "x", with("\"a\":1") + "{}",
        with("\"a\":\"\xFF\""), with("\"a\":" + std::string(10'000, '[')), with("\"a\":tru"),
        with("\"a\""), std::string("{\"model\":\"m\",\"tools\":[]")}) {
    EXPECT_EQ(field_of_refusal(text), "") << text.substr(0, 80);
  }
  EXPECT_EQ(field_of_refusal(R"({"model":"m","messages":[{"role":"user","content":)" +
                             std::string(10'000, '[')),
            "");
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(field_of_refusal(with("\"a\":" + objects)), "");
}

TEST(Conversation, PrefersMaxCompletionTokens) {
  for (const char* members : {R"("max_tokens":1,"max_completion_tokens":2)",
                              R"("max_completion_tokens":2,"max_tokens":1)"}) {
    const std::string text = with(members);
    const Read read(text);
    ASSERT_TRUE(read.result);
    EXPECT_EQ(read->max_tokens, 2);
    EXPECT_EQ(read->max_tokens_name, "max_completion_tokens");
    EXPECT_EQ(read->other_max_tokens_value.in(text), "1");
  }
}

TEST(Conversation, FingerprintIsOfTheStart) {
  const auto of = [](const std::string& system, const std::string& user, const std::string& more) {
    const Read read(R"({"model":"m","messages":[{"role":"system","content":")" + system +
                    R"("},{"role":"user","content":")" + user + "\"}" + more + "]}");
    return read->fingerprint;
  };
  const std::string more =
      R"(,{"role":"assistant","content":"x"},{"role":"user","content":"next"})";
  EXPECT_EQ(of("s", "u", ""), of("s", "u", more));
  EXPECT_NE(of("s", "u", ""), of("s", "v", ""));
  EXPECT_NE(of("s", "u", ""), of("t", "u", ""));
}

Result<Conversation> read_prompt(Surface surface, std::string_view text) {
  ToolsMemo memo;
  return read_conversation(text, memo, surface);
}

TEST(Conversation, OfEmbeddingsTheModelAndTheTextsAreRead) {
  const auto read = read_prompt(
      Surface::embeddings,
      R"({"input":["one two",[1, 22,333],["three"]],"messages":7,"stream":"x","model":"m"})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->model, "m");
  EXPECT_EQ(read->text.runs, 4U);
  EXPECT_EQ(read->token_ids, 3U);
  EXPECT_FALSE(read->stream);
}

TEST(Conversation, OfCompletionsTheStreamIsReadToo) {
  const auto read = read_prompt(
      Surface::completions,
      R"({"model":"m","prompt":"def f","suffix":"return x","stream":true,"max_tokens":0,)"
      R"("stream_options":{"include_usage":false}})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->text.runs, 6U);
  EXPECT_TRUE(read->stream);
  EXPECT_FALSE(read->include_usage_value.empty());
}

TEST(Conversation, OfPromptsOnlyWhatWeNeedIsRefused) {
  for (const Surface surface : {Surface::embeddings, Surface::completions}) {
    EXPECT_TRUE(read_prompt(surface, R"({"model":"m"})").has_value());
    EXPECT_TRUE(read_prompt(surface, R"({"model":"m","input":{},"prompt":null})").has_value());
    EXPECT_EQ(read_prompt(surface, "{}").error().field, "model");
    EXPECT_EQ(read_prompt(surface, R"({"model":"m","model":"n"})").error().field, "model");
    EXPECT_FALSE(read_prompt(surface, R"({"model":"m","input":[)").has_value());
    EXPECT_FALSE(read_prompt(surface, "[]").has_value());
  }
  const std::string deep = R"({"model":"m","input":)" + std::string(100'000, '[');
  EXPECT_FALSE(read_prompt(Surface::embeddings, deep).has_value());
}

TEST(Conversation, FieldsOfPromptsMeanNothingToChat) {
  const Read read(with(R"("input":[1],"prompt":"p","prompt":"q","suffix":3)"));
  ASSERT_TRUE(read.result.has_value());
  EXPECT_EQ(read->token_ids, 0U);
}

TEST(Conversation, NoticesWhatIsBetaAtDeepseek) {
  const auto flags = [](std::string_view messages, std::string_view tools) {
    const Read read(R"({"model":"m","messages":[)" + std::string(messages) + R"(],"tools":[)" +
                    std::string(tools) + "]}");
    EXPECT_TRUE(read.result.has_value());
    return std::tuple(read->prefix, read->partial, read->strict_tools);
  };
  constexpr auto kTool = R"({"type":"function","function":{"name":"f","strict":true}})";
  constexpr auto kLoose =
      R"({"type":"function","strict":true,"function":{"name":"f","strict":false}})";
  EXPECT_EQ(flags(R"({"role":"assistant","prefix":true})", kTool), std::tuple(true, false, true));
  EXPECT_EQ(flags(R"({"role":"assistant","partial":true})", kLoose),
            std::tuple(false, true, false));
  EXPECT_EQ(flags(R"({"role":"assistant","prefix":false,"partial":"true"})", kLoose),
            std::tuple(false, false, false));
}

}  // namespace
}  // namespace tidegate::protocol
