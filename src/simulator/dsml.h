// DSML: how DeepSeek's models write tool calls, and how they look when an engine fails to read them
// and they leak into the words (fact sheet 2.1, row 21, and 3.5). Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/request.h"

namespace tidegate::simulator {

enum class DsmlForm : std::uint8_t {
  good,
  typo,         // opens with <｜DSML｜tool-calls>
  closer,       // closes with </｜DSML｜>
  split,        // good, in pieces of one character
  in_thinking,  // good, before </think>
  v32,          // the block is called function_calls
  v41,          // "<｜DSML｜ calls>"
};

// In the pieces in which tokens come: the marker is one.
[[nodiscard]] std::vector<std::string> leak(const std::vector<ToolCall>& calls, DsmlForm form);

}  // namespace tidegate::simulator
