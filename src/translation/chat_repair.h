// Repairs of a chat request that goes to another provider of the chat surface than it was written
// for: developer messages, reasoning under another name or dropped by the client, tools and formats
// that are refused. Only what must change is cut out of the client's bytes.
// Used by the gateway for attempts without translation. Pure but for the memory that the aim names.
#pragma once

#include <vector>

#include "base/error.h"
#include "translation/aim.h"
#include "translation/cut.h"
#include "translation/request.h"

namespace tidegate::translation {

// Whether anything may need a change; as cheap as it can be, since most requests need none.
[[nodiscard]] bool needs_repair(const protocol::Conversation& conversation, const Aim& aim);

// Error invalid: the body cannot be repaired; `field` names the path.
Result<std::vector<Cut>> repair_chat(const protocol::Conversation& conversation, const Aim& aim,
                                     Notes& notes);

}  // namespace tidegate::translation
