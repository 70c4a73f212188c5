// POST /v1/messages/count_tokens: a request as POST /v1/messages has it, but for max_tokens, and
// its answer. Used by the gateway. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "translation/request.h"

namespace tidegate::translation {

// As Codec::read_request().
Result<Request> read_messages_count(std::string_view body);

// {"input_tokens":N}
[[nodiscard]] std::string messages_count(Tokens input);

}  // namespace tidegate::translation
