// The embeddings surface of OpenAI and of those that speak as it does. Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

// A text's vector is made from its bytes: the same for the same text, of length 1.
[[nodiscard]] Reply answer_embeddings(Call& call, State& state);

}  // namespace tidegate::simulator
