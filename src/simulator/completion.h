// Writes an Answer in its provider's shape: as one JSON body or as the events of a stream.
// Shapes: fact sheet 1.4 and 1.5 for DeepSeek, OpenAI's public reference. Pure functions, any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "simulator/answer.h"
#include "simulator/fault.h"

namespace tidegate::simulator {

[[nodiscard]] std::string completion_body(const Answer& answer, const Fault& fault,
                                          WallTime created);

// Each element is one whole event with its blank line, "[DONE]" included.
// include_usage: the client asked for it (OpenAI); DeepSeek reports usage in any case.
[[nodiscard]] std::vector<std::string> stream_events(const Answer& answer, bool include_usage,
                                                     const Fault& fault, WallTime created);

}  // namespace tidegate::simulator
