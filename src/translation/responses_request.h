// Requests of the OpenAI Responses surface: POST /v1/responses. The rows of kResponsesCodec for
// requests, and what such a request leaves to a provider that keeps state. Pure functions, any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/dialect.h"
#include "translation/request.h"

namespace tidegate::translation {

// Refused: malformed text, wrong types, missing fields, outputs without their call, a top-level key
// that comes twice, an answer in the background. Items and members that we do not know are kept as
// they are.
Result<Request> read_responses_request(std::string_view body);

Result<void> write_responses_request(const Request& request, const protocol::DialectTable& dialect,
                                     std::string_view wire_model, std::string& out, Notes& notes);

// Error invalid where the request means what only its own provider keeps: an item by its id, a
// conversation, a stored prompt; or where a call has no output. To be
// asked before such a request goes anywhere else; a previous response is spliced in first, or known
// to be missing.
Result<void> check_self_contained(const Request& request);

// The body with `items`, a list's elements as JSON text, before its own input, and without
// previous_response_id. `request` must be read from `body`.
std::string splice_previous(std::string_view body, const Request& request, std::string_view items);

// The elements of the body's input as JSON text: what to remember of it. A string becomes a
// message.
std::string input_items(const Request& request);

}  // namespace tidegate::translation
