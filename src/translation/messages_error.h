// Errors in Anthropic's dialect: status, body, and the event that ends a stream that broke.
// Used by the gateway wherever it answers for itself on the Messages surface, as it uses
// protocol/error_answer.h on the others. Pure functions, any thread.
//
// Official SDKs choose their exception by the status and retry 408, 409, 429 and 5xx by themselves;
// in a stream they raise APIError at an event named "error".
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/error_body.h"

namespace tidegate::translation {

[[nodiscard]] int messages_status(const Error& error);

// {"type":"error","error":{"type":...,"message":...},"request_id":...}; the message begins with the
// error's field where it does not name it.
[[nodiscard]] std::string messages_error(const Error& error, std::string_view request_id = {});

// "event: error\ndata: {...}\n\n". No message_stop may follow: the stream is not complete.
[[nodiscard]] std::string messages_error_event(const Error& error);

// For an error of a provider, given in a raw JSON value as Event::error has it.
[[nodiscard]] std::string messages_provider_error(std::string_view json);

}  // namespace tidegate::translation
