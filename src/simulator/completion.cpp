#include "simulator/completion.h"

#include <algorithm>

#include "json/writer.h"
#include "simulator/completion_fields.h"
#include "simulator/text_pieces.h"

namespace tidegate::simulator {
namespace {

void write_message(json::Writer& json, const Answer& answer) {
  const bool deepseek = answer.provider == Provider::deepseek;
  json.key("message").begin_object().member("role", "assistant").key("content");
  // DeepSeek's samples hold "" beside tool calls, OpenAI's null (fact sheet 1.3, item 9).
  if (answer.content.empty() && !answer.tool_calls.empty() && !deepseek) {
    json.null();
  } else {
    json.value(join(answer.content));
  }
  if (answer.thinking) json.member("reasoning_content", join(answer.reasoning));
  if (!deepseek) json.key("refusal").null().key("annotations").begin_array().end_array();
  if (!answer.tool_calls.empty()) {
    json.key("tool_calls").begin_array();
    std::size_t index = 0;
    for (const ToolCall& call : answer.tool_calls) {
      json.begin_object();
      if (deepseek) json.member("index", index++);
      json.member("id", call.id).member("type", "function");
      json.key("function").begin_object().member("name", call.name);
      json.member("arguments", call.arguments).end_object().end_object();
    }
    json.end_array();
  }
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
