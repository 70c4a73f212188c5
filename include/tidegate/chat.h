// What a program asks a model and what it gets: ChatRequest, ChatAnswer, StreamEvent, and
// RequestFailure where there is no answer. The same for all providers. Plain values, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/rate_limits.h"
#include "tidegate/usage.h"

namespace tidegate {

enum class ChatRole : std::uint8_t { system, user, assistant, tool };

struct ToolCall {
  std::string id, name;
  std::string arguments;  // a JSON object as the model wrote it, which need not be valid
};

struct ChatMessage {
  ChatRole role = ChatRole::user;
  std::string content;
  std::string tool_call_id = {};  // of a tool's result: the call that it answers
  std::vector<ToolCall> tool_calls = {};
  std::string reasoning = {};  // of the assistant: what it thought, where it may be sent back
  // A whole message as a JSON object, in place of all above: what ChatAnswer::message() gives, or
  // one with pictures ({"role":"user","content":[{"type":"image_url",...}]}).
  std::string json = {};
};

struct ChatTool {
  std::string name, description;
  std::string parameters;  // JSON Schema of the arguments; empty: none
};

// How much the model is to think before it answers; automatic: as it does by itself.
enum class Thinking : std::uint8_t { automatic, off, low, medium, high, max };

struct ChatRequest {
  // A model of the catalogue, of ClientOptions::models or of its configuration; "route:NAME" and
  // "auto" where that has routes.
  std::string model;
  std::vector<ChatMessage> messages;
  std::vector<ChatTool> tools = {};
  std::string tool_choice = {};  // "auto", "none", "required" or a tool's name; empty: not sent
  std::optional<Tokens> max_tokens = {};
  std::optional<double> temperature = {};
  Thinking thinking = Thinking::automatic;
  std::string json_schema = {};  // that the answer must fit; "{}": any JSON object
  // Further members of the request, {"seed", "7"}: names and JSON values as Chat Completions has
  // them. They reach providers that understand them.
  std::vector<std::pair<std::string, std::string>> extra = {};

  // Further headers for the provider, {"anthropic-beta", "..."}; and "x-tidegate-route".
  std::vector<std::pair<std::string, std::string>> headers = {};

  std::string task = {};  // groups requests for reports, and keeps one model within a task
  std::string role = {};  // of the agent, for reports
  Priority priority = Priority::interactive;  // who goes first where a limit makes requests wait
};

struct ChatTimings {
  Duration queued{};      // in line for a limit
  Duration first_byte{};  // from the start; zero: none came
  Duration total{};
};

struct ChatAnswer {
  std::string content, refusal, reasoning;
  std::vector<ToolCall> tool_calls;
  std::string finish_reason;  // "stop", "length", "tool_calls", "content_filter", ...
  std::string model;          // of the catalogue, that answered
  std::string provider;
  std::string served_model;         // as the provider calls what answered
  Usage usage;                      // of all attempts
  std::optional<NanoDollars> cost;  // of all attempts; absent: a price is not known
  unsigned attempts = 0;
  ChatTimings timings;
  std::string request_id;
  std::string notes;  // what was changed on the way, such as fields that the provider refuses

  // This answer as a message of the conversation, with all that the model wants to see again:
  // reasoning, signatures, calls.
  [[nodiscard]] ChatMessage message() const {
    return {.role = ChatRole::assistant, .content = {}, .json = message_json};
  }
  std::string message_json;
};

struct StreamEvent {
  enum class Kind : std::uint8_t {
    content,         // text
    refusal,         // text
    reasoning,       // text
    tool_call,       // a call begins: index, id, name
    tool_arguments,  // text is a piece of the arguments of the call `index`
  };
  Kind kind = Kind::content;
  std::size_t index = 0;
  std::string text, id, name;
};

enum class FailureClass : std::uint8_t {
  auth,          // the provider refuses the key, or there is none
  permission,    // the key may not do this, or its account is empty
  invalid,       // the request is wrong; `field` may say where
  not_found,     // no such model or path
  too_large,     // more than the model, or a limit, ever takes
  rate_limited,  // the provider's limit, or one of ours in whose line it waited too long
  budget,        // cost_per_day is used up
  timeout,
  unavailable,  // unreachable, overloaded, or it failed by itself
  truncated,    // the answer was cut; of a stream, what came was given out
  canceled,     // by the program
  internal,
};
[[nodiscard]] std::string_view name(FailureClass failure);

struct RequestFailure {
  FailureClass failure = FailureClass::internal;
  std::string message;  // a sentence, without keys
  std::string field;    // of the request, that is at fault; may be empty
  int status = 0;       // of HTTP, as a gateway would answer; 0: none
  std::optional<Duration> retry_after;
  std::string request_id;
  std::string provider, model;  // that was asked last; empty: none
  unsigned attempts = 0;
  Usage usage;  // failed attempts may cost, too
  std::optional<NanoDollars> cost;
  ChatTimings timings;
};

using ChatResult = std::expected<ChatAnswer, RequestFailure>;

}  // namespace tidegate
