// Writes tools, tool_choice and parallel_tool_calls for a provider of the chat surface. Used by
// chat_request_writer.cpp alone.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

// What is not a function is left out where the dialect refuses it, and so is a choice that would
// name what is not there (fact sheet 2.2, case 14).
void write_chat_tools(const Request& request, const protocol::DialectTable& dialect,
                      std::string& out, Notes& notes);

}  // namespace tidegate::translation
