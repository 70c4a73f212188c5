// Writes an Answer as Anthropic's Messages API does: as one message or as the events of a stream.
// Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "simulator/answer.h"
#include "simulator/fault.h"

namespace tidegate::simulator {

// How the thinking of an answer leaves.
struct ThinkingShape {
  bool hidden = false;    // "display": "omitted": an empty text, all in the signature
  bool redacted = false;  // as redacted_thinking
};

[[nodiscard]] std::string message_body(const Answer& answer, ThinkingShape shape);

// Each element is one whole event with its blank line.
[[nodiscard]] std::vector<std::string> message_events(const Answer& answer, ThinkingShape shape,
                                                      const Fault& fault);

}  // namespace tidegate::simulator
