// Reasoning as assistant messages of the chat surface carry it: `reasoning_content` (DeepSeek,
// Kimi, SGLang) or `reasoning` (vLLM, OpenRouter), and `reasoning_details`, OpenRouter's array of
// parts with their proofs, in which we send our envelopes too. Used by chat_messages.cpp alone.
#pragma once

#include "translation/request.h"

namespace tidegate::translation {

struct ChatReasoning {
  std::string_view text;     // reasoning_content; no data(): not sent
  std::string_view other;    // reasoning
  std::string_view details;  // JSON value
};

// Appends the parts. A text that is there but empty makes an empty part, as DeepSeek wants the
// member back even where a turn had no reasoning (fact sheet 1.3, rule 6).
//
// An item of reasoning_details that holds our envelope belongs to the text: by its own `text`, or,
// where it came as a stream, by `from` and `to`, a range of the whole text in UTF-16 units.
void add_reasoning(Request& request, const ChatReasoning& reasoning, Place place);

// How many UTF-16 units a raw string stands for, whichever way it is escaped.
[[nodiscard]] std::uint64_t utf16_units(std::string_view raw);

}  // namespace tidegate::translation
