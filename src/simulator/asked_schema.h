// The schema that a prompt asks for in words, as a client does where the provider knows none: a
// model heeds it. Pure function.
#pragma once

#include <string>

#include "simulator/request.h"

namespace tidegate::simulator {

// The JSON that follows on "JSON schema" in a system prompt; empty when there is none.
[[nodiscard]] std::string schema_in_words(const ChatRequest& request);

}  // namespace tidegate::simulator
