// The parameters of a Responses request and the fields of its input items, tools and formats, each
// judged by itself, in the words in which OpenAI refuses them. Pure functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "simulator/refusal.h"
#include "simulator/value.h"

namespace tidegate::simulator {

// `model` is the body's without a fault's suffix.
[[nodiscard]] std::optional<Refusal> check_responses_shape(const Value& body,
                                                           std::string_view model);

// The model thinks, so it takes no temperature and may leave reasoning items.
[[nodiscard]] bool is_reasoning_model(std::string_view model);
// It thinks about this request.
[[nodiscard]] bool thinks(const Value& body, std::string_view model);

}  // namespace tidegate::simulator
