// The part of a Responses request that holds the conversation: `instructions` and `input`.
// Used by responses_request.cpp alone. Pure functions, any thread.
#pragma once

#include "translation/request.h"
#include "translation/responses_fields.h"

namespace tidegate::translation {

// All of these take the value that stands next in `fields`, and return false with its error set.

// Becomes the first turn, whenever it is read.
bool read_instructions(Fields& fields, Request& out);

// A string or a list of items. Items of the assistant that follow one another (reasoning, messages,
// calls) become one turn, as reasoning belongs to the same message as its calls.
bool read_input(Fields& fields, Request& out);

// Every output needs its call before it, and no id may be in use twice. Where the provider keeps
// what came before, it alone can tell: then this is not for us to check.
Result<void> check_calls(const Request& request);

}  // namespace tidegate::translation
