#include "simulator/completion.h"

#include <algorithm>

#include "json/writer.h"
#include "simulator/chat_profile.h"
#include "simulator/completion_fields.h"
#include "simulator/text_pieces.h"

namespace tidegate::simulator {
namespace {

void write_tool_calls(json::Writer& json, const Answer& answer) {
  const ChatProfile& profile = profile_of(answer.provider);
  json.key("tool_calls").begin_array();
  std::size_t index = 0;
  for (const ToolCall& call : answer.tool_calls) {
    json.begin_object();
    if (profile.cache_counts) json.member("index", index);
    json.member("id", call.id).member("type", "function");
    json.key("function").begin_object().member("name", call.name);
    json.member("arguments", call.arguments).end_object();
    if (profile.thought_signatures && index == 0) write_signature(json, answer);
    json.end_object();
    ++index;
  }
  json.end_array();
}

void write_message(json::Writer& json, const Answer& answer) {
  const ChatProfile& profile = profile_of(answer.provider);
  json.key("message").begin_object().member("role", "assistant").key("content");
  // DeepSeek's samples hold "" beside tool calls, OpenAI's null (fact sheet 1.3, item 9).
  const bool none = !answer.tool_calls.empty() || !answer.refusal.empty();
  if (answer.content.empty() && none && !profile.empty_content) {
    json.null();
  } else {
    json.value(join(answer.content));
  }
  if (answer.thinking) write_reasoning(json, answer, join(answer.reasoning));
  if (profile.reasoning_details && !answer.reasoning.empty()) {
    write_reasoning_details(json, answer, join(answer.reasoning), true);
  }
  if (!answer.refusal.empty()) {
    json.member("refusal", answer.refusal);
  } else if (profile.openai_extras) {
    json.key("refusal").null();
  }
  if (profile.openai_extras) json.key("annotations").begin_array().end_array();
  if (!answer.tool_calls.empty()) write_tool_calls(json, answer);
  json.end_object();
}

}  // namespace

std::string completion_body(const Answer& answer, const Fault& fault, WallTime created) {
  std::string body;
  json::Writer json(body);
  json.begin_object();
  write_head(json, answer, "chat.completion", created);
  json.key("choices").begin_array().begin_object().member("index", 0);
  write_message(json, answer);
  json.key("logprobs").null();
  json.member("finish_reason", answer.finish_reason).end_object().end_array();
  if (fault.kind != FaultKind::no_usage) write_usage(json, answer);
  if (!answer.echo.empty()) json.key("echo").raw(answer.echo);
  json.end_object();
  return body;
}

}  // namespace tidegate::simulator
