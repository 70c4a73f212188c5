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
  bool thinking = false;               // the reasoning is shown, perhaps empty
  std::vector<std::string> reasoning;  // pieces, one token each; hidden where none is shown
  std::vector<std::string> content;
  std::string refusal;  // instead of content
  std::vector<ToolCall> tool_calls;
  std::string finish_reason;
  std::string stop_sequence;  // that ended it
  Usage usage;
  std::string echo;  // unknown fields of the request as a JSON object; empty when there were none
};

// Thinks when request.thinks; calls tools as tool_plan.h says; obeys max_tokens and stop.
// usage.prompt and usage.cached are left to the caller. `body` seeds ids and words.
[[nodiscard]] Answer make_answer(Provider provider, const ChatRequest& request,
                                 const Settings& settings, std::string_view body);

// Applies the faults that lie in the answer itself.
void spoil(Answer& answer, const Fault& fault);

// The answer as the message that a client would send back.
[[nodiscard]] Message as_message(const Answer& answer);

}  // namespace tidegate::simulator
