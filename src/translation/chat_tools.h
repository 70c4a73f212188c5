// Reads what a chat request says about tools and about the form of the answer: tools, functions,
// tool_choice, function_call, response_format. Used by chat_request.cpp alone; return false with
// `walk.error` set, or with the reader's own error when it is malformed.
#pragma once

#include "translation/chat_walk.h"

namespace tidegate::translation {

bool read_chat_tools(Walk& walk);
bool read_chat_functions(Walk& walk);  // the form before `tools`
bool read_chat_tool_choice(Walk& walk, std::string_view key);
bool read_chat_format(Walk& walk);

// What only the whole request can tell: a choice names a tool that is there, and of tools that a
// choice allows the others are left out.
bool settle_chat_tools(Walk& walk);

}  // namespace tidegate::translation
