#include "client/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "json/reader.h"
#include "json/writer.h"

namespace tidegate::client {
namespace {

std::string_view role_name(ChatRole role) {
  switch (role) {
    case ChatRole::system:
      return "system";
    case ChatRole::user:
      return "user";
    case ChatRole::assistant:
      return "assistant";
    case ChatRole::tool:
      return "tool";
  }
  return "user";
}

config::Thinking level(Thinking thinking) {
  switch (thinking) {
    case Thinking::automatic:
      return config::Thinking::unset;
    case Thinking::off:
      return config::Thinking::off;
    case Thinking::low:
      return config::Thinking::low;
    case Thinking::medium:
      return config::Thinking::medium;
    case Thinking::high:
      return config::Thinking::high;
    case Thinking::max:
      return config::Thinking::max;
  }
  return config::Thinking::unset;
}

// What the program gives as JSON becomes a part of the body, so it must be one whole value.
Result<void> check_json(std::string_view text, json::Kind kind, std::string field) {
  const auto checked = json::check_text(text);
  if (!checked) return fail(ErrorCode::invalid, checked.error().message, std::move(field));
  json::Reader reader(*checked);
  const bool expected = kind == json::Kind::other || reader.kind() == kind;
  if (!expected) return fail(ErrorCode::invalid, "expected a JSON object", std::move(field));
  if (reader.skip() && reader.finish()) return {};
  return fail(ErrorCode::invalid, reader.error().message, std::move(field));
}

class BodyWriter {
 public:
  BodyWriter(const ChatRequest& request, bool stream, const protocol::DialectTable& dialect)
      : request_(request), stream_(stream), dialect_(dialect) {}

  Result<std::string> write() {
    if (request_.messages.empty()) {
      return fail(ErrorCode::invalid, "expected at least one message", "messages");
    }
    if (request_.temperature && !std::isfinite(*request_.temperature)) {
      return fail(ErrorCode::invalid, "expected a finite number", "temperature");
    }
    json_.begin_object().member("model", request_.model).key("messages").begin_array();
    for (std::size_t i = 0; i < request_.messages.size(); ++i) {
      if (auto good = message(request_.messages[i], i); !good) return std::unexpected(good.error());
    }
    json_.end_array();
    if (auto good = tools(); !good) return std::unexpected(good.error());
    settings();
    if (auto good = form(); !good) return std::unexpected(good.error());
    for (const auto& [name, value] : request_.extra) {
      if (auto good = check_json(value, json::Kind::other, name); !good) {
        return std::unexpected(good.error());
      }
      json_.key(name).raw(value);
    }
    json_.end_object();
    return std::move(out_);
  }

 private:
  Result<void> message(const ChatMessage& message, std::size_t index) {
    if (!message.json.empty()) {
      auto good = check_json(message.json, json::Kind::object, fmt::format("messages[{}]", index));
      if (good) json_.raw(message.json);
      return good;
    }
    json_.begin_object().member("role", role_name(message.role));
    if (message.content.empty() && !message.tool_calls.empty()) {
      json_.key("content").null();
    } else {
      json_.member("content", message.content);
    }
    if (!message.tool_call_id.empty()) json_.member("tool_call_id", message.tool_call_id);
    if (!message.reasoning.empty()) json_.member("reasoning_content", message.reasoning);
    if (!message.tool_calls.empty()) {
      json_.key("tool_calls").begin_array();
      for (const ToolCall& call : message.tool_calls) {
        json_.begin_object().member("id", call.id).member("type", "function").key("function");
        json_.begin_object().member("name", call.name).member("arguments", call.arguments);
        json_.end_object().end_object();
      }
      json_.end_array();
    }
    json_.end_object();
    return {};
  }

  Result<void> tools() {
    if (!request_.tools.empty()) json_.key("tools").begin_array();
    for (std::size_t i = 0; i < request_.tools.size(); ++i) {
      const ChatTool& tool = request_.tools[i];
      json_.begin_object().member("type", "function").key("function").begin_object();
      json_.member("name", tool.name);
      if (!tool.description.empty()) json_.member("description", tool.description);
      if (!tool.parameters.empty()) {
        auto good =
            check_json(tool.parameters, json::Kind::object, fmt::format("tools[{}].parameters", i));
        if (!good) return good;
        json_.key("parameters").raw(tool.parameters);
      }
      json_.end_object().end_object();
    }
    if (!request_.tools.empty()) json_.end_array();
    const std::string& choice = request_.tool_choice;
    if (choice == "auto" || choice == "none" || choice == "required") {
      json_.member("tool_choice", choice);
    } else if (!choice.empty()) {
      json_.key("tool_choice").begin_object().member("type", "function").key("function");
      json_.begin_object().member("name", choice).end_object().end_object();
    }
    return {};
  }

  void settings() {
    if (request_.max_tokens) json_.member(dialect_.max_tokens_key, *request_.max_tokens);
    if (request_.temperature) json_.member("temperature", *request_.temperature);
    if (stream_) {
      json_.member("stream", true).key("stream_options").begin_object();
      json_.member("include_usage", true).end_object();
    }
    // For those who are asked on another surface, OpenAI's words are translated.
    const bool chat = dialect_.surface == protocol::Surface::chat;
    const std::string_view members =
        protocol::thinking_members(chat ? dialect_ : protocol::kOpenAi, level(request_.thinking));
    if (!members.empty()) out_.append(",").append(members);
  }

  Result<void> form() {
    const std::string& schema = request_.json_schema;
    if (schema.empty()) return {};
    if (auto good = check_json(schema, json::Kind::object, "json_schema"); !good) return good;
    json_.key("response_format").begin_object();
    if (schema == "{}") {
      json_.member("type", "json_object");
    } else {
      json_.member("type", "json_schema").key("json_schema").begin_object();
      json_.member("name", "answer").member("strict", true).key("schema").raw(schema).end_object();
    }
    json_.end_object();
    return {};
  }

  const ChatRequest& request_;
  const bool stream_;
  const protocol::DialectTable& dialect_;
  std::string out_;
  json::Writer json_{out_};
};

// A token of RFC 9110, and none that says how the request is framed.
bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::ranges::all_of(name, is_token) &&
         !equals_ignoring_case(name, "content-length") && !equals_ignoring_case(name, "host") &&
         !equals_ignoring_case(name, "transfer-encoding");
}

Result<void> check_line(std::string_view value, const char* field) {
  if (is_header_value(value)) return {};
  return fail(ErrorCode::invalid, "expected no line breaks or control characters", field);
}

}  // namespace

bool is_header_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

Result<WrittenRequest> write_request(const ChatRequest& request, bool stream,
                                     const protocol::DialectTable& dialect,
                                     std::string_view user_agent) {
  if (auto good = check_line(request.task, "task"); !good) return std::unexpected(good.error());
  if (auto good = check_line(request.role, "role"); !good) return std::unexpected(good.error());
  auto body = BodyWriter(request, stream, dialect).write();
  if (!body) return std::unexpected(std::move(body.error()));
  std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {}\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n",
      user_agent, body->size());
  if (!request.task.empty()) head += fmt::format("x-tidegate-task: {}\r\n", request.task);
  if (!request.role.empty()) head += fmt::format("x-tidegate-role: {}\r\n", request.role);
  if (request.priority == Priority::batch) head += "x-tidegate-priority: batch\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_header_name(name) || !is_header_value(value)) {
      return fail(ErrorCode::invalid, "expected a header's name and one line of text", "headers");
    }
    head += fmt::format("{}: {}\r\n", name, value);
  }
  head += "\r\n";
  return WrittenRequest{std::move(head), std::move(*body)};
}

}  // namespace tidegate::client
