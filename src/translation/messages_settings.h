// Reads what a Messages request says beside its turns: tools, tool choice, thinking, format.
// Each consumes the member's value. Used by the reader of requests alone.
#pragma once

#include "translation/messages_walk.h"

namespace tidegate::translation::messages {

bool read_tools(Walk& walk, Request& request);
bool read_tool_choice(Walk& walk, Request& request);
bool read_thinking(Walk& walk, Request& request);
bool read_output_config(Walk& walk, Request& request);
bool read_output_format(Walk& walk, std::string_view member, Request& request);
bool read_metadata(Walk& walk, Request& request);
bool read_stop_sequences(Walk& walk, Request& request);

}  // namespace tidegate::translation::messages
