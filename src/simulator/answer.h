// Answer: what a simulated model says to a request: the same words for the same request.
// Made by make_answer(), spoiled by a fault, written as JSON or events (completion.h). A plain
// value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/usage.h"
#include "simulator/endpoint.h"
#include "simulator/fault.h"
#include "simulator/request.h"
#include "simulator/settings.h"

namespace tidegate::simulator {

struct Answer {
  Provider provider = Provider::openai;
  std::string id;
  std::string model;
  std::string fingerprint;
  bool thinking = false;               // DeepSeek's: reasoning_content is present, perhaps empty
  std::vector<std::string> reasoning;  // pieces, one token each
  std::vector<std::string> content;
  std::vector<ToolCall> tool_calls;
  std::string finish_reason;
  Usage usage;
  std::string echo;  // unknown fields of the request as a JSON object; empty when there were none
};

// Thinks when the request's provider does; calls tools when a tool is forced, or when the last
// message is a user's that says "use the tool" (one call) or "use all tools" (up to four); obeys
// max_tokens. usage.prompt and usage.cached are left to the caller. `body` seeds ids and words.
[[nodiscard]] Answer make_answer(Provider provider, const ChatRequest& request,
                                 const Settings& settings, std::string_view body);

// Applies the faults that lie in the answer itself.
void spoil(Answer& answer, const Fault& fault);

// The answer as the message that a client would send back.
[[nodiscard]] Message as_message(const Answer& answer);

}  // namespace tidegate::simulator
