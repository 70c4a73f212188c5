// What readers of chat requests refuse, by its path, and how they divide turns. What goes through
// is judged by the golden cases.
#include "translation/chat_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

std::string refusal_of(std::string_view body) {
  const auto request = read_chat_request(body);
  return request ? "taken" : request.error().field + ": " + request.error().message;
}

std::string refusal_in(std::string_view messages) {
  return refusal_of(fmt::format(R"({{"model":"m","messages":[{}]}})", messages));
}

constexpr std::string_view kCall =
    R"({"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})";

TEST(ChatRequest, names_the_path_of_what_is_wrong) {
  const std::string user = R"({"role":"user","content":"q"},)";
  const auto in = [&](std::string_view message) {
    const std::string said = refusal_in(user + std::string(message));
    return said.substr(0, said.find(": "));
  };
  EXPECT_EQ(in("7"), "messages[1]");
  EXPECT_EQ(in("{}"), "messages[1].role");
  EXPECT_EQ(in(R"({"role":"robot","content":"x"})"), "messages[1].role");
  EXPECT_EQ(in(R"({"role":"user"})"), "messages[1].content");
  EXPECT_EQ(in(R"({"role":"user","content":5})"), "messages[1].content");
  EXPECT_EQ(in(R"({"role":"user","content":[5]})"), "messages[1].content[0]");
  EXPECT_EQ(in(R"({"role":"user","content":[{"text":"x"}]})"), "messages[1].content[0].type");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"text"}]})"), "messages[1].content[0].text");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"text","text":1}]})"),
            "messages[1].content[0].text");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"image_url","image_url":{}}]})"),
            "messages[1].content[0].image_url.url");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"image_url",)"
               R"("image_url":{"url":"data:image/png;base64,"}}]})"),
            "messages[1].content[0].image_url.url");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"file",)"
               R"("file":{"file_data":"data:application/pdf;base64,"}}]})"),
            "messages[1].content[0].file.file_data");
  EXPECT_EQ(in(R"({"role":"user","content":[{"type":"thinking","thinking":"x"}]})"),
            "messages[1].content[0]");
  EXPECT_EQ(in(R"({"role":"assistant","reasoning_content":[]})"), "messages[1].reasoning_content");
  EXPECT_EQ(in(R"({"role":"assistant","tool_calls":{}})"), "messages[1].tool_calls");
  EXPECT_EQ(in(R"({"role":"assistant","tool_calls":[{"function":{"name":"f"}}]})"),
            "messages[1].tool_calls[0].id");
  EXPECT_EQ(in(R"({"role":"assistant","tool_calls":[{"id":"c","function":{}}]})"),
            "messages[1].tool_calls[0].function.name");
  EXPECT_EQ(
      in(R"({"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":3}}]})"),
      "messages[1].tool_calls[0].function.arguments");
  EXPECT_EQ(
      in(R"({"role":"user","content":"x","tool_calls":[{"id":"c","function":{"name":"f"}}]})"),
      "messages[1].tool_calls");
}

TEST(ChatRequest, results_must_answer_the_calls_before_them) {
  const std::string call(kCall);
  const std::string result = R"({"role":"tool","tool_call_id":"c","content":"r"})";
  EXPECT_EQ(refusal_in(call + "," + result), "taken");
  EXPECT_EQ(refusal_in(result),
            "messages[0].tool_call_id: messages[0].tool_call_id names no tool call of the "
            "assistant message before it");
  EXPECT_EQ(refusal_in(call + "," + result + "," + result),
            "messages[2].tool_call_id: the tool call c is answered twice");
  EXPECT_EQ(refusal_in(call + R"(,{"role":"user","content":"x"})"),
            "messages[1]: messages[1] comes before the result of tool call c: each call of the "
            "assistant must be answered by a tool message first");
  EXPECT_EQ(refusal_in(call + R"(,{"role":"tool","content":"r"})"),
            "messages[1].tool_call_id: messages[1].tool_call_id is missing");
  EXPECT_EQ(
      refusal_in(
          R"({"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f"}},{"id":"c","function":{"name":"g"}}]})"),
      "messages[0].tool_calls[1].id: the id c is given to two tool calls");
}

TEST(ChatRequest, refuses_members_of_the_wrong_type) {
  const auto with = [](std::string_view member) {
    const std::string said = refusal_of(
        fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"q"}}],{}}})", member));
    return said.substr(0, said.find(": "));
  };
  EXPECT_EQ(with(R"("temperature":"hot")"), "temperature");
  EXPECT_EQ(with(R"("stop":3)"), "stop");
  EXPECT_EQ(with(R"("n":2)"), "n");
  EXPECT_EQ(with(R"("max_tokens":1.5)"), "max_tokens");
  EXPECT_EQ(with(R"("stream":1)"), "stream");
  EXPECT_EQ(with(R"("str\u0065am":1)"), "stream");
  EXPECT_EQ(with(R"("tools":{})"), "tools");
  EXPECT_EQ(with(R"("tools":[{"type":"function","function":{}}])"), "tools[0].function.name");
  EXPECT_EQ(with(R"("tool_choice":"sometimes")"), "tool_choice");
  EXPECT_EQ(with(R"("tool_choice":{"type":"function","function":{"name":"g"}})"), "tool_choice");
  EXPECT_EQ(with(R"("response_format":{"type":"xml"})"), "response_format.type");
  EXPECT_EQ(with(R"("response_format":{"type":"json_schema"})"),
            "response_format.json_schema.schema");
  EXPECT_EQ(with(R"("reasoning_effort":"some")"), "reasoning_effort");
  EXPECT_EQ(with(R"("thinking":{"type":"maybe"})"), "thinking.type");
  EXPECT_EQ(with(R"("user":"a","user":"b")"), "user");
  EXPECT_EQ(with(R"("temperature":null,"stop":null,"tools":null)"), "taken");
  EXPECT_EQ(refusal_of(R"({"messages":[{"role":"user","content":"q"}]})"),
            "model: model is missing");
  EXPECT_EQ(refusal_of(R"({"model":"m","messages":[]})"),
            "messages: messages must hold at least one message");
  EXPECT_EQ(refusal_of("[]"), "the body: the body must be a JSON object");
}

TEST(ChatRequest, cut_anywhere_is_refused_and_never_more) {
  const std::string whole = fmt::format(
      R"({{"model":"m","messages":[{},{{"role":"tool","tool_call_id":"c","content":[{{"type":"text","text":"r\u00fc"}}]}}],"reasoning":{{"effort":"low"}}}})",
      kCall);
  EXPECT_TRUE(read_chat_request(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_chat_request(std::string(whole.substr(0, size))).has_value()) << size;
  }
}

TEST(ChatRequest, an_assistant_message_is_one_turn_with_its_parts_in_order) {
  const auto request = read_chat_request(
      R"({"model":"m","messages":[{"content":[{"type":"text","text":"t"}],"tool_calls":[{"id":"c","function":{"name":"f"}}],"reasoning":"r","role":"assistant"},{"role":"tool","tool_call_id":"c","content":"x"}]})");
  ASSERT_TRUE(request.has_value());
  ASSERT_EQ(request->turns.size(), 2u);
  const Turn& turn = request->turns[0];
  ASSERT_EQ(turn.parts, 3u);
  EXPECT_EQ(request->begin(turn)[0].kind, Part::Kind::reasoning);
  EXPECT_EQ(request->begin(turn)[1].kind, Part::Kind::text);
  EXPECT_EQ(request->begin(turn)[2].kind, Part::Kind::tool_call);
  const Turn& result = request->turns[1];
  ASSERT_EQ(result.parts, 2u);
  EXPECT_EQ(request->begin(result)->id, "c");
  EXPECT_TRUE(request->begin(result)[1].in_result);
}

}  // namespace
}  // namespace tidegate::translation
