// The measured shape of a request; what routing policies decide on. A plain value.
#pragma once

#include <cstdint>

#include "base/money.h"
#include "protocol/conversation.h"

namespace tidegate::workload {

struct Workload {
  Tokens context_tokens = 0;    // estimate of the prompt, tools included
  double tool_density = 0;      // tool calls per assistant step, last 20 steps; before any: a prior
  double planning_score = 0;    // 0..1
  std::uint32_t messages = 0;
  std::uint32_t tools = 0;
  std::uint32_t images = 0;
  std::uint32_t assistant_steps = 0;
  Tokens max_tokens = 0;        // asked for; 0: not said
  bool stream = false;
};

}  // namespace tidegate::workload
