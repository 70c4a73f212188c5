// What OpenAI keeps of the answers of its Responses surface, by their ids: GET and DELETE
// .../responses/{id} and GET .../responses/{id}/input_items. Thread-safe as State is.
#pragma once

#include "simulator/call.h"

namespace tidegate::simulator {

[[nodiscard]] Reply answer_stored(const Call& call, const http::RequestHead& head, State& state);

}  // namespace tidegate::simulator
