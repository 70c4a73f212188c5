// What differs between the providers' chat dialects, as data: one table for each config::Dialect.
// Used by the gateway to build a request and to know what it may send. Constants, any thread.
//
// All are spoken through POST chat/completions: the native surfaces of Anthropic, Gemini and Kimi
// are not used. A new dialect is a new table in a file of its own, and a line in dialect().
#pragma once

#include <array>
#include <string_view>

#include "base/money.h"
#include "config/config.h"

namespace tidegate::protocol {

enum class AuthStyle { bearer, x_api_key };

// The members to add to a request's object for each config::Thinking, raw JSON without a comma at
// either end; empty: there is nothing to send.
using ThinkingMembers = std::array<std::string_view, 6>;

struct DialectTable {
  std::string_view name;
  std::string_view chat_path = "/chat/completions";  // to append to the provider's base_url
  AuthStyle auth = AuthStyle::bearer;
  std::string_view max_tokens_key = "max_tokens";
  Tokens max_tokens_limit = 0;  // the largest that is not refused; 0: not stated
  bool include_usage = true;    // stream_options.include_usage is understood
  std::string_view done_marker = "[DONE]";
  bool developer_role = false;            // else it must become "system"
  bool forced_tool_when_thinking = true;  // tool_choice "required" or named is not refused then
  std::string_view reasoning_field = {};  // of messages and deltas; empty: reasoning is not shown
  ThinkingMembers thinking = {};
};

[[nodiscard]] const DialectTable& dialect(config::Dialect dialect);

// What makes the provider think as a route says; empty for Thinking::unset and where the dialect
// has no such control. For models that can think only: others may refuse the members.
[[nodiscard]] std::string_view thinking_members(const DialectTable& dialect,
                                                config::Thinking thinking);

extern const DialectTable kOpenAi;
extern const DialectTable kDeepSeek;

}  // namespace tidegate::protocol
