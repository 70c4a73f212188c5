// What one pass over a request's body finds: the fields that rules read or change, with their
// places in the bytes, and what the workload is measured from. No tree, no copies; views into the
// body, which must outlive it. A plain value of fixed size, one per request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/media.h"
#include "base/money.h"
#include "protocol/byte_classes.h"
#include "protocol/surface.h"
#include "protocol/tools_memo.h"

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

enum class Effort : std::uint8_t { unset, none, minimal, low, medium, high, xhigh, max };
enum class Toggle : std::uint8_t { unset, off, on };

struct Conversation {
  std::string_view body;
  std::uint32_t members_begin = 0;  // just after the opening brace

  Range model_value;       // with its quotes
  std::string_view model;  // without them
  bool stream = false;
  Range stream_value;
  Range stream_options_value;  // the object, or null; empty when absent
  bool include_usage = false;
  Range include_usage_value;
  // max_completion_tokens or max_tokens, whichever was sent; of both, the former. Sent as null, it
  // has a place and no number.
  std::optional<Tokens> max_tokens;
  std::string_view max_tokens_name;  // of the two
  Range max_tokens_key;              // with its quotes
  Range max_tokens_value;
  std::uint32_t choices = 1;     // answers asked for: n, or best_of if it is more
  Range other_max_tokens_value;  // of the other name, where both were sent
  // DeepSeek's thinking.type, thinking of chat_template_kwargs, OpenRouter's reasoning.enabled.
  Toggle thinking = Toggle::unset;
  // reasoning_effort, reasoning.effort; "ultra" counts as max, a name that we do not know as unset.
  Effort effort = Effort::unset;
  bool has_thinking_field = false;  // any of those
  bool has_effort_field = false;

  std::uint32_t messages = 0;
  std::uint32_t tools = 0;   // declared
  std::uint32_t images = 0;  // image, audio and file parts in all messages
  MediaSet media = 0;        // what kinds they are, as far as we know them
  std::uint32_t assistant_steps = 0;
  // Tool calls of the latest assistant messages; step i of the conversation is at i % size.
  std::array<std::uint16_t, 20> recent_tool_calls{};
  bool edit_tools = false;   // declares tools that edit files
  bool shell_tools = false;  // declares tools that run commands
  std::uint32_t developer_roles = 0;
  bool other_tools = false;   // declares tools whose type is not "function"
  bool strict_tools = false;  // declares functions with "strict": true
  Range tool_choice_value;
  bool forced_tool = false;  // tool_choice "required", or a tool by name
  Range response_format_value;
  bool json_schema = false;  // response_format of that type
  // Under which names assistant messages bring reasoning, or as parts of their content, and how
  // many of them bring none: what is blank counts as none, and a prefix need not.
  bool reasoning_content = false, reasoning = false, reasoning_details = false;
  bool reasoning_parts = false;
  std::uint32_t bare_steps = 0;
  bool prefix = false, partial = false;  // a message says so: the answer is to go on from it
  std::uint32_t token_ids = 0;           // of a prompt or an input that is given as such

  std::string_view system_text;      // first system or developer message, raw JSON, no quotes
  std::string_view first_user_text;  // raw JSON, no quotes; first text part
  std::string_view last_user_text;   // its last text part
  // Of the messages' contents, reasoning and tool calls, and of the whole tools array; image data
  // left out. Of prompt and suffix, or input.
  ByteClasses text;
  std::uint64_t fingerprint = 0;  // of the conversation's start: system and first user text
};

// Tells tasks apart by the conversation's start; of bounded work.
[[nodiscard]] std::uint64_t fingerprint(std::string_view system_text,
                                        std::string_view first_user_text);

// Reads the body of POST /v1/chat/completions, in OpenAI's and DeepSeek's dialect; or that of
// /v1/embeddings or /v1/completions, of which only the model and the stream's fields matter to us.
// Fields that we do not know, and roles, are the provider's to judge. Allocates only for an error
// or an escaped key.
//
// Errors (invalid) name the JSON path in `field`; it is empty where the text is no JSON at all.
// Refused: malformed or empty text, more than 64 levels, wrong types of the fields above, a missing
// model or role, missing or empty messages, and a second top-level key of the same name, however it
// is escaped, as the provider might read the other one.
Result<Conversation> read_conversation(std::string_view body);
// The same, and quicker where the tools are known from earlier requests.
Result<Conversation> read_conversation(std::string_view body, ToolsMemo& memo,
                                       Surface surface = Surface::chat);

}  // namespace tidegate::protocol
