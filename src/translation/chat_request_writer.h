// Writes a request for a provider of the chat surface, in the words of its dialect's table.
// Pure function, any thread. What the table cannot say is noted or refused: docs/dialects.md.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

Result<void> write_chat_request(const Request& request, const protocol::DialectTable& dialect,
                                std::string_view wire_model, std::string& out, Notes& notes);

}  // namespace tidegate::translation
