// What a program gets: answers and streams of every kind of provider, tools, reasoning, forms.
#include <array>
#include <stdexcept>

#include "asked.h"

namespace tidegate {
namespace {

class Answers : public ClientTest {};

TEST_F(Answers, EveryProviderAnswersTheSameRequest) {
  Client client = open(options());
  const std::array<std::pair<const char*, const char*>, 4> models{
      {{"deepseek-v4-flash", "deepseek"},
       {"gpt-5.5", "openai"},
       {"claude-opus-4.7", "anthropic"},
       {"kimi-k2.6", "kimi"}}};
  for (const auto& [model, provider] : models) {
    ChatRequest request = ask(model);
    request.messages.insert(request.messages.begin(),
                            {.role = ChatRole::system, .content = "Answer in one sentence."});
    request.max_tokens = 1000;
    const ChatResult answer = client.complete(request);
    ASSERT_TRUE(answer) << model << ": " << answer.error().message;
    EXPECT_NE(answer->content.find("What is a tide?"), std::string::npos) << answer->content;
    EXPECT_EQ(answer->model, model);
    EXPECT_EQ(answer->provider, provider);
    EXPECT_EQ(answer->finish_reason, "stop");
    EXPECT_EQ(answer->attempts, 1u);
    EXPECT_GT(answer->usage.prompt, 0);
    EXPECT_GT(answer->usage.completion, 0);
    ASSERT_TRUE(answer->cost) << model;
    EXPECT_GT(answer->cost->value, 0);
    EXPECT_TRUE(answer->request_id.starts_with("req_"));
    EXPECT_GT(answer->timings.first_byte, 0ns);
    EXPECT_GE(answer->timings.total, answer->timings.first_byte);
  }
}

TEST_F(Answers, AStreamSaysWhatTheAnswerSays) {
  Client client = open(options());
  for (const char* model : {"deepseek-v4-pro", "gpt-5.5", "claude-opus-4.7", "kimi-k2.6"}) {
    std::string content, reasoning;
    const ChatResult answer = client.stream(ask(model), [&](const StreamEvent& event) {
      if (event.kind == StreamEvent::Kind::content) content += event.text;
      if (event.kind == StreamEvent::Kind::reasoning) reasoning += event.text;
    });
    ASSERT_TRUE(answer) << model << ": " << answer.error().message;
    EXPECT_EQ(content, answer->content);
    EXPECT_EQ(reasoning, answer->reasoning);
    EXPECT_FALSE(content.empty());
    EXPECT_GT(answer->usage.completion, 0) << model;
    EXPECT_EQ(answer->finish_reason, "stop");
  }
}

TEST_F(Answers, AStreamIsReadAtTheProgramsPace) {
  Client client = open(options());
  ChatRequest request = ask("deepseek-v4-flash");
  request.headers.emplace_back("x-sim-tokens", "3000");
  Stream stream = client.open_stream(request);
  std::string content;
  std::size_t events = 0;
  while (const auto event = stream.next()) {
    if (event->kind == StreamEvent::Kind::content) content += event->text;
    ++events;
  }
  const ChatResult answer = stream.result();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(content, answer->content);
  EXPECT_GT(events, 2000u);

  // What nobody reads is in the answer all the same.
  Stream unread = client.open_stream(request);
  const ChatResult whole = unread.result();
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->content, content);
  EXPECT_EQ(unread.next(), std::nullopt);
}

TEST_F(Answers, AToolLoopGoesRoundWithAllThatTheModelWantsToSeeAgain) {
  Client client = open(options());
  for (const char* model : {"deepseek-v4-pro", "claude-opus-4.7", "kimi-k2.6", "gpt-5.5"}) {
    for (const bool streamed : {false, true}) {
      ChatRequest request = ask(model, "Please use the tool for \"Brest\"");
      request.thinking = Thinking::high;
      request.tools = {{"tide", "When the tide is high",
                        R"({"type":"object","properties":{"port":{"type":"string"}},)"
                        R"("required":["port"]})"}};
      std::string arguments;
      const auto take = [&](const StreamEvent& event) {
        if (event.kind == StreamEvent::Kind::tool_arguments) arguments += event.text;
      };
      const ChatResult asked = streamed ? client.stream(request, take) : client.complete(request);
      ASSERT_TRUE(asked) << model << ": " << asked.error().message;
      ASSERT_EQ(asked->tool_calls.size(), 1u) << model;
      EXPECT_EQ(asked->finish_reason, "tool_calls");
      EXPECT_EQ(asked->tool_calls[0].name, "tide");
      EXPECT_NE(asked->tool_calls[0].arguments.find("Brest"), std::string::npos);
      if (streamed) {
        EXPECT_EQ(arguments, asked->tool_calls[0].arguments);
      }

      request.messages.push_back(asked->message());
      request.messages.push_back({.role = ChatRole::tool,
                                  .content = "06:12 and 18:40",
                                  .tool_call_id = asked->tool_calls[0].id});
      // The simulator refuses what the real provider does: missing reasoning, wrong signatures.
      const ChatResult answer = client.complete(request);
      ASSERT_TRUE(answer) << model << ": " << answer.error().message;
      EXPECT_NE(answer->content.find("06:12"), std::string::npos) << answer->content;
    }
  }
}

TEST_F(Answers, AMessageCanBeBuiltFromItsParts) {
  Client client = open(options());
  ChatRequest request = ask("gpt-5.5", "When?");
  request.tools = {{"tide", "", R"({"type":"object","properties":{}})"}};
  request.messages.push_back(
      {.role = ChatRole::assistant, .content = {}, .tool_calls = {{"call_1", "tide", "{}"}}});
  request.messages.push_back(
      {.role = ChatRole::tool, .content = "at \"noon\"\n", .tool_call_id = "call_1"});
  const ChatResult answer = client.complete(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NE(answer->content.find("noon"), std::string::npos);
}

TEST_F(Answers, AnAnswerFitsTheSchemaThatWasAskedFor) {
  Client client = open(options());
  for (const char* model : {"deepseek-v4-flash", "gpt-5.5", "claude-opus-4.7"}) {
    ChatRequest request = ask(model, "The height at \"Brest\" is 7");
    request.json_schema =
        R"({"type":"object","properties":{"port":{"type":"string"},"metres":{"type":"number"}},)"
        R"("required":["port","metres"],"additionalProperties":false})";
    const ChatResult answer = client.complete(request);
    ASSERT_TRUE(answer) << model << ": " << answer.error().message;
    EXPECT_EQ(answer->content, R"({"port":"Brest","metres":7})") << model;
  }
}

TEST_F(Answers, WhatIsWrongWithARequestIsSaidBeforeItIsSent) {
  Client client = open(options());
  const auto refused = [&](auto change) {
    ChatRequest request = ask("deepseek-v4-flash");
    change(request);
    const ChatResult result = client.complete(request);
    return result ? std::string("answered")
                  : std::string(name(result.error().failure)) + " " + result.error().field;
  };
  EXPECT_EQ(refused([](auto& r) { r.messages.clear(); }), "invalid messages");
  EXPECT_EQ(refused([](auto& r) { r.messages[0].json = "[]"; }), "invalid messages[0]");
  EXPECT_EQ(refused([](auto& r) { r.tools = {{"t", "", "{]"}}; }), "invalid tools[0].parameters");
  EXPECT_EQ(refused([](auto& r) { r.json_schema = "{} {}"; }), "invalid json_schema");
  EXPECT_EQ(refused([](auto& r) { r.extra = {{"seed", "x"}}; }), "invalid seed");
  EXPECT_EQ(refused([](auto& r) { r.task = "a\r\nb: c"; }), "invalid task");
  EXPECT_EQ(refused([](auto& r) { r.headers = {{"a b", "c"}}; }), "invalid headers");
  EXPECT_EQ(refused([](auto& r) { r.headers = {{"Host", "c"}}; }), "invalid headers");
  EXPECT_EQ(refused([](auto& r) { r.temperature = 1 / 0.0; }), "invalid temperature");
  EXPECT_EQ(refused([](auto& r) { r.model = "no-such-model"; }), "not_found model");
  EXPECT_EQ(client.costs().attempts, 0u);
  EXPECT_EQ(client.costs().failed, 10u);
}

TEST_F(Answers, FurtherMembersReachTheProvider) {
  Client client = open(options());
  ChatRequest request = ask("gpt-5.5");
  request.headers.emplace_back("x-sim-strict", "unknown-fields");
  request.extra = {{"no_such_field", "true"}};
  const ChatResult refused = client.complete(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, FailureClass::invalid);
  EXPECT_NE(refused.error().message.find("no_such_field"), std::string::npos);
  EXPECT_EQ(refused.error().status, 400);
}

}  // namespace
}  // namespace tidegate
