// The part of a conversation's pass that reads the arrays `messages` and `tools`.
// Used by read_conversation() alone. Both return false with `error` set, or with the reader's own
// error when the text is malformed.
#pragma once

#include "json/reader.h"
#include "protocol/conversation.h"
#include "protocol/tools_memo.h"

namespace tidegate::protocol {

bool read_messages(json::Reader& reader, Conversation& out, Error& error);
bool read_tools(json::Reader& reader, ToolsMemo& memo, Conversation& out, Error& error);

// The value in turn has the wrong type: "messages[3].role must be a string".
bool refuse_type(json::Reader& reader, Error& error, std::string field, std::string_view expected);

}  // namespace tidegate::protocol
