// Overflow: what to leave out of a prompt that is too large for where it goes. Whole messages go,
// the oldest first, and the rest stays as the client sent it, byte for byte. Used by the gateway
// for clients whose profile asks for it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "translation/cut.h"
#include "translation/outline.h"

namespace tidegate::translation {

using Estimate = std::function<Tokens(const PromptSize&)>;

enum class Drop : std::uint8_t {
  oldest,
  middle,  // the same, but the first user message stays: it tends to say what the task is
};

struct Truncation {
  std::vector<Cut> cuts;                   // empty: it fitted
  std::uint32_t messages = 0;              // left out
  std::uint32_t calls = 0;                 // made in them
  Tokens before = 0, after = 0;            // estimates
  [[nodiscard]] std::string note() const;  // "truncated 14 messages (6 tool calls)"
};

// Never left out: system and developer messages, the last user message, the last step after it,
// half of a tool call and its results, and part of a turn that holds sealed reasoning and is over.
// A user message in the place of the first that is left out says how many there were.
//
// More is cut than needed, up to an eighth of `limit`, so that the next requests of a conversation
// are cut at the same place and providers' prompt caches still know their beginning.
//
// Error too_large (field "messages"): what must stay does not fit. Error invalid: malformed JSON.
Result<Truncation> truncate(protocol::Surface surface, std::string_view body, Drop drop,
                            Tokens limit, const Estimate& estimate);

// What a prompt may take of a window when the answer may take `max_output` (0: nobody said). At
// least a quarter: some clients ask for the whole window, and mean as much as there is.
[[nodiscard]] Tokens room_for_prompt(Tokens window, Tokens max_output);

// The refusal of a prompt that is too large (400 context_length_exceeded).
[[nodiscard]] Error too_long(Tokens prompt, Tokens limit);

}  // namespace tidegate::translation
