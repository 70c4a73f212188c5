// The fields of a Messages request: names, types, what is required and that nothing else is there,
// in the words in which Anthropic's API refuses them. Pure function, any thread.
#pragma once

#include <optional>
#include <string>

#include "simulator/value.h"

namespace tidegate::simulator {

// "messages.0.content.1.text.foo: Extra inputs are not permitted"; nullopt: all is well.
// `counting`: a request to count_tokens, which has fewer fields.
[[nodiscard]] std::optional<std::string> check_messages_shape(const Value& body, bool counting);

}  // namespace tidegate::simulator
