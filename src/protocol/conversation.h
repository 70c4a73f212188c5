// What one pass over a chat request's body finds: the fields that rules read or change, with their
// places in the bytes, and what the workload is measured from. No tree, no copies; views into the
// body, which must outlive it. A plain value of fixed size, one per request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/money.h"

namespace tidegate::protocol {

// A place in the body, in bytes. Empty when the field is absent.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  [[nodiscard]] bool empty() const { return begin == end; }
  [[nodiscard]] std::uint32_t size() const { return end - begin; }
  [[nodiscard]] std::string_view in(std::string_view body) const {
    return body.substr(begin, end - begin);
  }
};

// Bytes of prompt text by class, counted over the raw JSON (escapes included).
struct ByteClasses {
  std::uint64_t letters = 0, digits = 0, spaces = 0, punctuation = 0;
  std::uint64_t escapes = 0;    // backslashes
  std::uint64_t cjk = 0;        // lead bytes E3..ED: three-byte East Asian characters
  std::uint64_t other_lead = 0; // lead bytes of all other multi-byte characters
};

enum class Effort : std::uint8_t { unset, none, minimal, low, medium, high, max };
enum class Toggle : std::uint8_t { unset, off, on };

struct Conversation {
  std::string_view body;

  Range model_value;       // with its quotes
  std::string_view model;  // without them
  bool stream = false;
  Range stream_value;
  Range stream_options_value;  // the object; empty when absent or null
  bool include_usage = false;
  Range include_usage_value;
  std::optional<Tokens> max_tokens;  // max_completion_tokens or max_tokens, whichever was sent
  Range max_tokens_key;              // with its quotes
  Range max_tokens_value;
  Toggle thinking = Toggle::unset;   // DeepSeek's thinking.type
  Effort effort = Effort::unset;     // reasoning_effort
  bool has_thinking_field = false;
  bool has_effort_field = false;

  std::uint32_t messages = 0;
  std::uint32_t tools = 0;        // declared
  std::uint32_t images = 0;       // image parts in all messages
  std::uint32_t assistant_steps = 0;
  // Tool calls of the latest assistant messages; step i of the conversation is at i % size.
  std::array<std::uint16_t, 20> recent_tool_calls{};
  bool edit_tools = false;        // declares tools that edit files
  std::uint32_t developer_roles = 0;

  std::string_view system_text;      // first system or developer message, raw JSON, no quotes
  std::string_view first_user_text;  // raw JSON, no quotes; first text part
  std::string_view last_user_text;
  ByteClasses text;  // of messages and tools; image data left out
  std::uint64_t fingerprint = 0;  // of the conversation's start: system and first user text
};

}  // namespace tidegate::protocol
