#include <fmt/format.h>
#include <gtest/gtest.h>

#include "translation/cargo.h"
#include "translation/codec.h"
#include "translation/messages_count.h"
#include "translation/messages_repair.h"

namespace tidegate::translation {
namespace {

std::string with_messages(std::string_view messages) {
  return R"({"model":"m","max_tokens":9,"messages":)" + std::string(messages) + "}";
}

struct Refusal {
  std::string body;
  std::string_view field, message;  // the message contains it
};

TEST(MessagesRequest, names_the_path_of_what_is_wrong) {
  const Refusal cases[] = {
      {"", "", "empty"},
      {"[]", "", "must be a JSON object"},
      {R"({"model":"m")", "", "malformed JSON"},
      {"{\"model\":\"\xFF\"}", "", "invalid UTF-8"},
      {R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})", "model", "is missing"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}]})", "max_tokens", "is missing"},
      {R"({"model":"m","max_tokens":0,"messages":[]})", "max_tokens", "positive integer"},
      {R"({"model":"m","model":"n"})", "model", "given twice"},
      {R"({"model":"m","mod\u0065l":"n"})", "model", "given twice"},
      {R"({"model":"m","max_tokens":1})", "messages", "is missing"},
      {with_messages("[]"), "messages", "at least one"},
      {with_messages("{}"), "messages", "must be an array"},
      {with_messages("[1]"), "messages[0]", "must be an object"},
      {with_messages(R"([{"content":"x"}])"), "messages[0].role", "is missing"},
      {with_messages(R"([{"role":"system","content":"x"}])"), "messages[0].role", "top-level"},
      {with_messages(R"([{"role":"user"}])"), "messages[0].content", "is missing"},
      {with_messages(R"([{"role":"user","content":7}])"), "messages[0].content", "string or"},
      {with_messages(R"([{"role":"user","content":""}])"), "messages[0].content", "not be empty"},
      {with_messages(R"([{"role":"user","content":[{"text":"x"}]}])"),
       "messages[0].content[0].type", "is missing"},
      {with_messages(R"([{"role":"user","content":[{"type":"text","text":""}]}])"),
       "messages[0].content[0].text", "not be empty"},
      {with_messages(R"([{"role":"user","content":[{"type":"image","source":{"type":"x"}}]}])"),
       "messages[0].content[0].source.type", "base64"},
      {with_messages(R"([{"role":"user","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":{}}]}])"),
       "messages[0].content[0]", "only an assistant"},
      {with_messages(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}])"),
       "messages[0].content[0].tool_use_id", "no tool_use of the message before"},
      {with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":{}}]},{"role":"user","content":"x"}])"),
       "messages[0].content[0]", "needs its tool_result"},
      {with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":{}},{"type":"tool_use","id":"a","name":"b","input":{}}]},)"
                     R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}])"),
       "messages[0].content[1]", "needs its tool_result"},
      {with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":{}}]},{"role":"user","content":[)"
                     R"({"type":"tool_result","tool_use_id":"a"},)"
                     R"({"type":"tool_result","tool_use_id":"a"}]}])"),
       "messages[1].content[1].tool_use_id", "second time"},
      {with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":"x"}]}])"),
       "messages[0].content[0].input", "must be an object"},
      {with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                     R"("input":{}}]},{"role":"user","content":[{"type":"tool_result",)"
                     R"("tool_use_id":"a","content":[{"type":"text"}]}]}])"),
       "messages[1].content[0].content[0].text", "is missing"},
      {R"({"model":"m","max_tokens":9,"system":[{"type":"image"}],"messages":[]})",
       "system[0].type", "text"},
      {R"({"model":"m","max_tokens":9,"tools":[{"name":"x"}]})", "tools[0].input_schema",
       "is missing"},
      {R"({"model":"m","tool_choice":{"type":"x"}})", "tool_choice.type", "auto, any"},
      {R"({"model":"m","thinking":{"type":"enabled"}})", "thinking.budget_tokens", "1024"},
      {R"({"model":"m","output_config":{"effort":"x"}})", "output_config.effort", "low"},
      {R"({"model":"m","stop_sequences":["a",1]})", "stop_sequences[1]", "a string"},
      {R"({"model":"m","temperature":"hot"})", "temperature", "a number"},
  };
  for (const Refusal& each : cases) {
    const auto request = kMessagesCodec.read_request(each.body);
    ASSERT_FALSE(request.has_value()) << each.body;
    EXPECT_EQ(request.error().field, each.field) << each.body;
    EXPECT_TRUE(request.error().message.contains(each.message)) << request.error().message;
    EXPECT_EQ(request.error().code, ErrorCode::invalid);
  }
}

TEST(MessagesRequest, an_id_may_come_again_in_a_later_turn) {
  const std::string body =
      with_messages(R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                    R"("input":{}}]},{"role":"user","content":[)"
                    R"({"type":"tool_result","tool_use_id":"a"}]},)"
                    R"({"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b",)"
                    R"("input":{}}]},{"role":"user","content":[)"
                    R"({"type":"tool_result","tool_use_id":"a"}]}])");
  const auto request = kMessagesCodec.read_request(body);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->turns.size(), 4U);
  EXPECT_TRUE(is_for_another_claude(*request, "claude-opus-4-7")) << "which wants each but once";
}

TEST(MessagesRequest, settings_of_another_generation_are_seen) {
  const auto said = [](std::string_view member, std::string_view model) {
    const std::string body = fmt::format(
        R"({{"model":"m","max_tokens":9000,{},"messages":[{{"role":"user","content":"q"}}]}})",
        member);
    const auto request = kMessagesCodec.read_request(body);
    return is_for_another_claude(request.value(), model);
  };
  constexpr std::string_view kBudget = R"("thinking":{"type":"enabled","budget_tokens":2000})";
  constexpr std::string_view kAdaptive = R"("thinking":{"type":"adaptive"})";
  EXPECT_TRUE(said(kBudget, "claude-opus-4-7"));
  EXPECT_FALSE(said(kBudget, "claude-opus-4-6"));
  EXPECT_FALSE(said(kBudget, "claude-sonnet-4-5"));
  EXPECT_TRUE(said(kAdaptive, "claude-sonnet-4-5"));
  EXPECT_FALSE(said(kAdaptive, "claude-opus-4-7"));
  EXPECT_TRUE(said(R"("temperature":0.5)", "claude-opus-4-7"));
  EXPECT_FALSE(said(R"("temperature":1)", "claude-opus-4-7"));
  EXPECT_FALSE(said(R"("temperature":0.5)", "claude-sonnet-4-5"));
}

TEST(MessagesRequest, refuses_what_is_nested_too_deep) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(kMessagesCodec.read_request(R"({"x":)" + deep + "}").has_value());
  EXPECT_FALSE(
      kMessagesCodec.read_request(with_messages(R"([{"role":"user","content":)" + deep + "}]"))
          .has_value());
}

TEST(MessagesRequest, any_cut_of_a_body_is_refused) {
  const std::string body =
      with_messages(R"([{"role":"user","content":[{"type":"image","source":{"type":"base64",)"
                    R"("media_type":"image/png","data":"AA=="}},{"type":"text","text":"x"}]}])");
  ASSERT_TRUE(kMessagesCodec.read_request(body).has_value());
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(kMessagesCodec.read_request(body.substr(0, size)).has_value()) << size;
  }
}

TEST(MessagesRequest, knows_its_settings_wherever_they_stand) {
  const std::string body =
      R"({"messages":[{"content":"Hi","role":"user"}],"system":"Be brief","stream":true,)"
      R"("model":"claude-opus-4-7","max_tokens":64,"thinking":{"type":"adaptive",)"
      R"("display":"omitted"},"output_config":{"effort":"xhigh","format":{"type":"json_schema",)"
      R"("schema":{"type":"object"}}},"tool_choice":{"type":"tool","name":"read",)"
      R"("disable_parallel_tool_use":true},"tools":[{"name":"read","input_schema":{},)"
      R"("strict":true},{"type":"web_search_20250305","name":"web_search"}],)"
      R"("metadata":{"user_id":"u1"},"stop_sequences":["END"],"top_k":5,"mcp_servers":[]})";
  const auto request = kMessagesCodec.read_request(body);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->model_value.in(body), R"("claude-opus-4-7")");
  EXPECT_EQ(request->max_tokens_value.in(body), "64");
  EXPECT_EQ(request->stream_value.in(body), "true");
  EXPECT_EQ(request->turns.front().role, Role::system);
  EXPECT_EQ(request->begin(request->turns.front())->text, "Be brief");
  EXPECT_TRUE(request->thinking.adaptive && request->thinking.hide);
  EXPECT_EQ(request->thinking.effort, Effort::xhigh);
  EXPECT_EQ(request->format.schema, R"({"type":"object"})");
  EXPECT_EQ(request->tool_choice.name, "read");
  EXPECT_EQ(request->parallel_tool_calls, false);
  EXPECT_EQ(request->tools[0].strict, true);
  EXPECT_TRUE(request->tools[1].hosted);
  EXPECT_EQ(request->user, "u1");
  EXPECT_EQ(request->stop, R"(["END"])");
  ASSERT_EQ(request->others.size(), 1U);
  EXPECT_EQ(request->others[0].name, "mcp_servers");
}

TEST(MessagesRequest, opens_our_envelopes_and_leaves_foreign_seals) {
  const std::string plain = wrap({Seal::none, "deepseek/deepseek-v4-pro", "", "", ""});
  const std::string openai = wrap({Seal::openai_encrypted, "openai/gpt-5.5", "rs_1", "ENC", ""});
  const std::string gemini = wrap({Seal::gemini_signature, "gemini/gemini-3", "call_1", "SIG", ""});
  const std::string body = with_messages(
      R"([{"role":"user","content":"x"},{"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"a","signature":")" +
      plain +
      R"("},{"type":"thinking","thinking":"b","signature":"EqQB"},)"
      R"({"type":"redacted_thinking","data":")" +
      openai +
      R"("},{"type":"thinking","thinking":"c"},)"
      R"({"type":"tool_use","id":"call_1","name":"f","input":{}},)"
      R"({"type":"redacted_thinking","data":")" +
      gemini +
      R"("}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1"}]}])");
  const auto request = kMessagesCodec.read_request(body);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const Turn& turn = request->turns[1];
  ASSERT_EQ(turn.parts, 5U);
  const Part* part = request->begin(turn);
  EXPECT_EQ(part[0].seal, Seal::none);
  EXPECT_EQ(part[0].maker, "deepseek/deepseek-v4-pro");
  EXPECT_EQ(part[0].text, "a");
  EXPECT_EQ(part[1].seal, Seal::anthropic_signature);
  EXPECT_EQ(part[1].proof, "EqQB");
  EXPECT_EQ(part[2].seal, Seal::openai_encrypted);
  EXPECT_EQ(part[2].proof, "ENC");
  EXPECT_EQ(part[2].id, "rs_1");
  EXPECT_EQ(part[3].seal, Seal::none);
  EXPECT_EQ(part[4].kind, Part::Kind::tool_call);
  EXPECT_EQ(part[4].seal, Seal::gemini_signature);
  EXPECT_EQ(part[4].proof, "SIG");
}

TEST(MessagesRequest, count_tokens_needs_no_max_tokens) {
  const auto request =
      read_messages_count(R"({"model":"m","messages":[{"role":"user","content":"x"}]})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->turns.size(), 1U);
  EXPECT_EQ(messages_count(7), R"({"input_tokens":7})");
}

}  // namespace
}  // namespace tidegate::translation
