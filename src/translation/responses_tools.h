// The tools of a Responses request and which of them the model may call.
// Used by responses_request.cpp alone. Pure functions, any thread.
#pragma once

#include <vector>

#include "translation/request.h"
#include "translation/responses_fields.h"

namespace tidegate::translation {

// Both take the value that stands next in `fields`, and return false with its error set.
bool read_tools(Fields& fields, Request& out);

// `allowed` gets the names that {"type":"allowed_tools"} leaves; empty: all.
bool read_tool_choice(Fields& fields, Request& out, std::vector<std::string_view>& allowed);

}  // namespace tidegate::translation
