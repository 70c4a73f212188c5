// Whether and how often a model calls tools: by a sentence in the conversation, by the header
// x-sim-tools, or because the request forces it. Pure functions, any thread.
//
// The asker is the last user message of its own: one that does not stand right behind tool results
// (clients add reminders there). It says "use the tool" (one call), "use 3 tools" (so many calls at
// once) or "use all tools" (one call of each, up to four), and "in 5 steps" for a loop of so many
// answers with calls before the one with words. With "explain", words stand before each call.
#pragma once

#include "simulator/request.h"
#include "simulator/settings.h"

namespace tidegate::simulator {

// How many calls the next answer makes; 0: none.
[[nodiscard]] int calls_wanted(const ChatRequest& request, const Settings& settings);

// The result that came last since the asker; null when none did.
[[nodiscard]] const Message* find_last_result(const ChatRequest& request);

// Where the current turn begins: just behind the asker.
[[nodiscard]] std::size_t turn_begin(const ChatRequest& request);

[[nodiscard]] bool explains_calls(const ChatRequest& request);

}  // namespace tidegate::simulator
