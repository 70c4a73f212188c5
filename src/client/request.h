// A program's ChatRequest as the gateway's pipeline takes it: a head and a body of Chat
// Completions. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/dialect.h"
#include "tidegate/chat.h"

namespace tidegate::client {

struct WrittenRequest {
  std::string head, body;
};

// Whether a header can have it: no line breaks, no control characters.
[[nodiscard]] bool is_header_value(std::string_view value);

// `dialect`: of whoever will most likely answer, in whose words thinking and max_tokens are put.
// The error names the field that is no JSON, empty or the like.
[[nodiscard]] Result<WrittenRequest> write_request(const ChatRequest& request, bool stream,
                                                   const protocol::DialectTable& dialect,
                                                   std::string_view user_agent);

}  // namespace tidegate::client
