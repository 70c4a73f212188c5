// Writes the turns of a request as the array `messages` of the chat surface. Used by
// chat_request_writer.cpp alone.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

// `instruction` is raw text for the model that joins the last of the first system messages, or
// becomes one; empty: there is none. Error invalid: a part that the surface cannot say.
Result<void> write_chat_messages(const Request& request, const protocol::DialectTable& dialect,
                                 std::string_view instruction, std::string& out, Notes& notes);

}  // namespace tidegate::translation
