// Writes parts of a turn as elements of a chat message's content array, and the reasoning of an
// assistant's turn as the members that a dialect wants. Used by chat_message_writer.cpp alone.
#pragma once

#include <span>

#include "translation/codec.h"

namespace tidegate::translation {

// Whether a text part may carry its cache_control: a Chat client's own goes to any provider.
[[nodiscard]] bool keeps_cache_control(const Request& request,
                                       const protocol::DialectTable& dialect);

// Appends one element; false: the surface has no words for it.
bool write_chat_part(const Request& request, const protocol::DialectTable& dialect,
                     const Part& part, std::string& out, Notes& notes);

// Appends ,"reasoning_content":"..." or what else the dialect takes; nothing where there is none.
void write_chat_reasoning(std::span<const Part> parts, const protocol::DialectTable& dialect,
                          std::string& out, Notes& notes);

}  // namespace tidegate::translation
