#include "engine/turn_messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/writer.h"
#include "workflow/value.h"

namespace tidegate::engine {
namespace {

using workflow::Map;
using workflow::Member;
using workflow::Value;

Value sorted(const Value& value) {
  if (value.is_list()) {
    workflow::List items;
    for (const Value& item : value.items()) items.push_back(sorted(item));
    return Value(std::move(items));
  }
  if (!value.is_map()) return value;
  Map members;
  for (const Member& member : value.members()) {
    members.push_back({member.name, sorted(member.value)});
  }
  std::ranges::sort(members, {}, &Member::name);
  return Value(std::move(members));
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string assistant_message(const Answer& answer) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("role", "assistant");
  if (answer.text.empty() && !answer.tool_calls.empty()) {
    json.key("content").null();
  } else {
    json.member("content", answer.text);
  }
  if (!answer.reasoning.empty()) json.member("reasoning_content", answer.reasoning);
  if (!answer.tool_calls.empty()) {
    json.key("tool_calls").begin_array();
    for (const ToolCall& call : answer.tool_calls) {
      json.begin_object().member("id", call.id).member("type", "function");
      json.key("function").begin_object().member("name", call.name);
      json.member("arguments", call.arguments).end_object().end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

Result<std::vector<ToolCall>> calls_of(std::string_view assistant_message) {
  const Result<Value> message = Value::parse(assistant_message);
  if (!message) return std::unexpected(message.error());
  std::vector<ToolCall> out;
  for (const Value& call : message->find("tool_calls").items()) {
    const Value function = call.find("function");
    out.push_back({std::string(call.find("id").text()), std::string(function.find("name").text()),
                   std::string(function.find("arguments").text())});
  }
  return out;
}

std::string tool_message(std::string_view call_id, std::string_view content) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("role", "tool").member("tool_call_id", call_id);
  json.member("content", content).end_object();
  return out;
}

std::string as_array(const std::vector<std::string>& messages) {
  std::string out;
  json::Writer json(out);
  json.begin_array();
  for (const std::string& message : messages) json.raw(message);
  json.end_array();
  return out;
}

Result<std::vector<std::string>> from_array(std::string_view json) {
  const Result<Value> array = Value::parse(json);
  if (!array) return std::unexpected(array.error());
  std::vector<std::string> out;
  for (const Value& message : array->items()) out.push_back(message.json());
  return out;
}

Result<std::string> canonical_arguments(std::string_view arguments) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  if (std::ranges::all_of(arguments, is_space)) return "{}";  // of a tool without parameters
  const Result<Value> value = Value::parse(arguments);
  if (!value) return std::unexpected(value.error());
  if (!value->is_map()) {
    return fail(ErrorCode::invalid,
                fmt::format("expected an object, found {}", workflow::kind_name(value->kind())));
  }
  return sorted(*value).json();
}

std::string bounded(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  // Most of what tools print begins with what was asked for and ends with how it went.
  std::size_t head = bytes / 4 * 3;
  std::size_t tail = text.size() - (bytes - head);
  while (head > 0 && continues_character(text[head])) --head;
  while (tail < text.size() && continues_character(text[tail])) ++tail;
  return fmt::format(
      "{}\n[... {} of {} bytes left out: over the limit of a tool's output; ask for "
      "less at a time ...]\n{}",
      text.substr(0, head), tail - head, text.size(), text.substr(tail));
}

}  // namespace tidegate::engine
