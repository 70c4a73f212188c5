// A Messages request as the model sees it: a ChatRequest, whose words, tools and tokens decide what
// is answered. Pure functions, any thread.
#pragma once

#include <vector>

#include "simulator/messages_turns.h"
#include "simulator/request.h"

namespace tidegate::simulator {

// `body` has passed check_messages_shape(); `turns` are its own. The system prompt is a message.
[[nodiscard]] ChatRequest as_chat(const Value& body, const std::vector<Turn>& turns);

// The members of a JSON schema of a tool.
[[nodiscard]] std::vector<Parameter> parameters_of(const Value* schema);

}  // namespace tidegate::simulator
