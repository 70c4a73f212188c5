// Errors of the Responses surface where HTTP's status is gone already: inside a stream. Plain HTTP
// errors are those of Chat Completions (protocol/error_answer.h). Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/error_body.h"

namespace tidegate::translation {

// What stands in `code` of a failed response; clients such as Codex choose by it what to do.
[[nodiscard]] std::string_view response_error_code(protocol::ErrorClass error_class);

// The event that ends a stream which passed through us as it was and broke. Official SDKs raise an
// APIError at a member "error"; where we write the stream, it ends with response.failed instead.
[[nodiscard]] std::string responses_error_event(const Error& error);

}  // namespace tidegate::translation
