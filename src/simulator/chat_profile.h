// What differs between the providers in how their Chat Completions look: one table for each, by the
// fact sheet of DeepSeek V4, sections 1.4 and 4, and public references. What they refuse is in
// rules_*.cpp. Constants and pure functions, any thread.
#pragma once

#include <array>
#include <string_view>

#include "simulator/endpoint.h"
#include "simulator/request.h"

namespace tidegate::simulator {

struct ChatProfile {
  // The member of an answer that shows the reasoning; empty: it is hidden.
  std::string_view reasoning_out;
  // The members of a request's messages from which reasoning reaches the model.
  std::array<std::string_view, 2> reasoning_in;
  bool reasoning_details = false;    // OpenRouter's, both ways
  bool thought_signatures = false;   // Gemini's, on tool calls
  bool openai_extras = false;        // refusal, annotations, service_tier
  bool cache_counts = false;         // DeepSeek's prompt_cache_hit_tokens and its miss
  bool usage_on_last_chunk = false;  // else in a chunk of its own, if asked for
  bool empty_content = false;        // "" beside tool calls instead of null
};

[[nodiscard]] const ChatProfile& profile_of(Provider provider);

// Whether the model thinks about this request, by its provider's switches and default.
[[nodiscard]] bool thinks(Provider provider, const ChatRequest& request);

// Who runs an OpenRouter model: "deepseek" of "deepseek/deepseek-v4-pro".
[[nodiscard]] std::string_view upstream_of(std::string_view model);

}  // namespace tidegate::simulator
