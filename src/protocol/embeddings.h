// Reads answers of the embeddings surface, which are never streams.
// Used by the gateway to judge an attempt and to settle it. Pure function, any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "protocol/answer.h"

namespace tidegate::protocol {

// The vectors themselves are not looked at. Error invalid: this is no list of embeddings.
[[nodiscard]] Result<Answer> read_embeddings(std::string_view body);

}  // namespace tidegate::protocol
