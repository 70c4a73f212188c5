// How each provider writes an error, as a body and as an event of a stream. Shapes: fact sheet 1.3
// and 1.6 for DeepSeek and OpenRouter, public references and reports for the others.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/endpoint.h"
#include "simulator/refusal.h"

namespace tidegate::simulator {

// Answers in the shapes of Anthropic's Messages API.
[[nodiscard]] bool speaks_messages(const Endpoint& endpoint);

// `seed` makes the request's id where the body has one.
[[nodiscard]] std::string error_body(const Endpoint& endpoint, const Refusal& refusal,
                                     std::uint64_t seed);

// What a stream that fails ends with: a whole event.
[[nodiscard]] std::string error_event(const Endpoint& endpoint);

}  // namespace tidegate::simulator
