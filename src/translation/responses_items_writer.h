// Writes a conversation as the items of a Responses request. Used by responses_request_writer.cpp
// alone. Pure functions, any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "protocol/dialect.h"
#include "translation/request.h"

namespace tidegate::translation {

// The turns that begin the conversation and speak for its operator: they become `instructions`.
// From a client of the same surface only what it sent as such.
[[nodiscard]] std::size_t leading_instructions(const Request& request);

// Appends a list of items with the turns from `first` on.
Result<void> write_items(const Request& request, std::size_t first,
                         const protocol::DialectTable& dialect, std::string& out, Notes& notes);

}  // namespace tidegate::translation
