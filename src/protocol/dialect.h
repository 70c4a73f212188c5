// What differs between the providers' dialects, as data: one table for each config::Dialect, in a
// file of its own. Used by the gateway and the translation to know what a provider offers, takes
// and demands. Constants, any thread.
#pragma once

#include <array>
#include <string_view>

#include "base/money.h"
#include "config/config.h"
#include "protocol/surface.h"

namespace tidegate::protocol {

enum class AuthStyle { bearer, x_api_key };

// Which earlier turns of the assistant must come back with their reasoning while the model thinks.
enum class MustReturn {
  nothing,     // never refused; at most the quality suffers
  tool_turns,  // those with tool calls
  every_turn,  // all of them, once the request or its history has tools
};

// The members to add to a request's object for each config::Thinking, raw JSON without a comma at
// either end; empty: there is nothing to send.
using ThinkingMembers = std::array<std::string_view, 6>;

// How the provider is told that its answer is to go on from the last assistant message.
struct PrefixMark {
  std::string_view key = {};      // a member of that message, set to true
  std::string_view members = {};  // raw JSON members of the request, without a comma at either end
  bool unmarked = false;          // it goes on anyway
  bool thinks_on = false;         // it may go on from the message's own reasoning, too
  [[nodiscard]] bool known() const { return unmarked || !key.empty() || !members.empty(); }
};

struct DialectTable {
  std::string_view name;
  // To append to the provider's base_url, by Surface; empty: the provider does not offer it.
  std::array<std::string_view, kSurfaces> paths = {"/chat/completions", "", "", "", ""};
  // What stands before the path, once, where a request needs the provider's beta features; empty:
  // there are none. Completions always do.
  std::string_view beta = {};
  Surface surface = Surface::chat;  // into which a client's request is translated
  AuthStyle auth = AuthStyle::bearer;
  std::string_view headers = {};  // lines that every request needs, "name: value\r\n"

  std::string_view max_tokens_key = "max_tokens";  // of the chat surface
  Tokens max_tokens_limit = 0;                     // the largest that is not refused; 0: not stated
  bool include_usage = true;                       // stream_options.include_usage is understood
  bool developer_role = false;                     // else it must become "system"
  bool forced_tool_when_thinking = true;  // tool_choice "required" or named is not refused then
  bool only_function_tools = true;        // tools of other types are refused
  bool json_schema = true;                // response_format json_schema; else only json_object
  bool images_in_tool_results = false;    // else they follow in a user message
  bool reasoning_details = false;         // takes back OpenRouter's reasoning_details
  bool thought_signatures = false;  // Gemini: extra_content.google.thought_signature on tool calls
  bool top_k = false;               // takes top_k
  bool cache_control = false;       // OpenRouter: of text parts, of the assistant's and tools'
                                    // messages
  bool openai_extras = false;       // takes store, metadata, service_tier, verbosity, prediction,
                                    // prompt_cache_key; other servers refuse or ignore them
  std::string_view no_content = "null";  // the content of an assistant message with calls only
  std::string_view user_key = "user";    // what names the end user
  PrefixMark prefix = {};
  std::string_view reasoning_field = {};  // of messages sent back; empty: none is taken
  MustReturn must_return = MustReturn::nothing;
  ThinkingMembers thinking = {};
  config::Thinking xhigh = config::Thinking::max;  // the level that the effort "xhigh" stands for

  [[nodiscard]] bool offers(Surface wanted) const {
    return !paths[static_cast<std::size_t>(wanted)].empty();
  }
};

[[nodiscard]] const DialectTable& dialect(config::Dialect dialect);

// What makes the provider think as a route says, on the chat surface; empty for Thinking::unset and
// where the dialect has no such control. For models that can think only: others may refuse the
// members.
[[nodiscard]] std::string_view thinking_members(const DialectTable& dialect,
                                                config::Thinking thinking);

extern const DialectTable kOpenAi, kDeepSeek, kAnthropic, kKimi, kGemini, kVllm, kSglang, kLlamaCpp,
    kOpenRouter, kOpenAiCompatible;

}  // namespace tidegate::protocol
