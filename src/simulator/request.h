// ChatRequest: a chat request read whole, with the details that strict providers check.
// Copies of everything, made once per request by read_request(). Plain value, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"

namespace tidegate::simulator {

struct ToolCall {
  std::string id = {};
  std::string name = {};
  std::string arguments = {};  // JSON as text
  std::string signature = {};  // extra_content.google.thought_signature
};

// A content part of a type other than "text".
struct Part {
  std::string type = {};
  std::size_t index = 0;
  std::size_t type_end = 0;  // byte in the body
};

struct Message {
  std::string role = {};
  std::size_t role_end = 0;  // byte in the body, for error texts
  std::string content = {};  // text parts joined
  bool has_content = false;  // false: absent or null
  std::vector<Part> other_parts = {};
  std::optional<std::string> reasoning = {};        // reasoning_content; null counts as absent
  std::optional<std::string> plain_reasoning = {};  // reasoning, as vLLM and OpenRouter call it
  std::string reasoning_details = {};               // OpenRouter's, JSON as sent
  std::vector<ToolCall> tool_calls = {};
  std::string tool_call_id = {};
  bool prefix = false;  // DeepSeek's chat prefix completion
};

struct Parameter {
  std::string name = {};
  std::string type = {};        // JSON schema's, empty when it has none
  std::string first_enum = {};  // as JSON, empty when there is none
};

struct Tool {
  std::string type = {};
  std::size_t type_end = 0;
  std::string name = {};
  std::vector<Parameter> parameters = {};
  bool strict = false;
  std::string schema = {};  // JSON as sent
};

enum class ToolChoice : std::uint8_t { unset, none, automatic, required, named };

struct ChatRequest {
  std::string model = {};
  std::vector<Message> messages = {};
  std::vector<Tool> tools = {};
  std::string tools_json = {};  // as sent
  ToolChoice tool_choice = ToolChoice::unset;
  std::string forced_tool = {};  // ToolChoice::named
  bool stream = false;
  bool has_stream_options = false;
  bool include_usage = false;
  std::string_view temperature = {}, top_p = {};  // numbers as written; empty: none
  std::optional<Tokens> max_tokens = {};
  bool max_completion_tokens = false;      // which name max_tokens came under
  bool thinking_disabled = false;          // thinking: {"type":"disabled"}
  std::optional<std::string> effort = {};  // reasoning_effort
  std::size_t effort_end = 0;
  std::string response_format = {};  // its type
  std::string response_schema = {};  // JSON as sent; empty when there is none
  std::vector<std::string> stop = {};
  bool parallel_tool_calls = true;
  std::optional<bool> template_thinks = {};    // chat_template_kwargs: thinking, enable_thinking
  std::optional<bool> reasoning_enabled = {};  // OpenRouter's reasoning.enabled
  bool thinks = false;                         // whether the model thinks, as its provider decides
  std::string user_id = {};
  struct Unknown {
    std::string name;
    std::string value;  // JSON as sent
  };
  std::vector<Unknown> unknown = {};  // fields that no provider of ours documents
};

struct BodyProblem {
  enum class Kind : std::uint8_t { malformed, missing, wrong_type };
  Kind kind = Kind::malformed;
  std::string field;     // "messages[2].role"; empty when malformed
  std::string expected;  // "a string"; when malformed, what is wrong
  std::string got;       // "an array"
  std::size_t offset = 0;
};

[[nodiscard]] std::expected<ChatRequest, BodyProblem> read_request(std::string_view body);

// What the user said last; empty when no message is a user's. Views into `request`.
[[nodiscard]] std::string_view last_question(const ChatRequest& request);

}  // namespace tidegate::simulator
