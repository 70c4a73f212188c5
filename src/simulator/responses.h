// The Responses surface of OpenAI: POST .../responses. Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

[[nodiscard]] Reply answer_responses(Call& call, State& state);

}  // namespace tidegate::simulator
