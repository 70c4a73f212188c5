// The Chat Completions surface, as each provider speaks it. Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

[[nodiscard]] Reply answer_chat(Call& call, State& state);

}  // namespace tidegate::simulator
