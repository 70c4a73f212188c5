// Writes what a request for the Messages surface says beside its turns, as members of the body's
// object, each with a comma in front. Used by the writer of requests alone.
#pragma once

#include "protocol/dialect.h"
#include "translation/messages_model.h"
#include "translation/request.h"

namespace tidegate::translation::messages {

// Error invalid: the request asks for what no such provider can do.
Result<void> write_settings(const Request& request, const protocol::DialectTable& dialect,
                            const ModelRules& rules, std::string& out, Notes& notes);

// Whether `format` can only be asked for in the system prompt there.
[[nodiscard]] bool needs_instruction(const ResponseFormat& format,
                                     const protocol::DialectTable& dialect,
                                     const ModelRules& rules);

// What the system prompt must say where the provider has no such format, a raw string; empty: there
// is nothing to say.
[[nodiscard]] std::string format_instruction(const Request& request,
                                             const protocol::DialectTable& dialect,
                                             const ModelRules& rules, Notes& notes);

}  // namespace tidegate::translation::messages
