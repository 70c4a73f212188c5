// Our own errors in OpenAI's dialect: status, body, and the event that ends a stream that broke.
// Used wherever the gateway answers for itself. Pure functions, any thread.
//
// Official SDKs choose their exception by the status (400 BadRequest, 401 Authentication, 403
// PermissionDenied, 404 NotFound, 429 RateLimit, 5xx InternalServer) and retry 408, 409, 429 and
// 5xx by themselves; in a stream they raise APIError at the first event with an "error" member.
#pragma once

#include <string>

#include "base/error.h"

namespace tidegate::protocol {

[[nodiscard]] int http_status(const Error& error);

// {"error":{"message":...,"type":...,"param":...,"code":...}}; `param` is the error's field.
[[nodiscard]] std::string openai_error(const Error& error);

// "data: {"error":...}\n\n". No "[DONE]" may follow: the stream is not complete.
[[nodiscard]] std::string openai_error_event(const Error& error);

}  // namespace tidegate::protocol
