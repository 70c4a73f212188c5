// The legacy completions surface: DeepSeek's fill-in-the-middle, and that of OpenAI and the
// engines. Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

[[nodiscard]] Reply answer_completions(Call& call, State& state);

}  // namespace tidegate::simulator
