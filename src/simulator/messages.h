// The Messages surface of Anthropic: POST .../messages and .../messages/count_tokens.
// Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

[[nodiscard]] Reply answer_messages(Call& call, State& state);

}  // namespace tidegate::simulator
