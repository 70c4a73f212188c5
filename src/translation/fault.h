// What is wrong with a request that a provider refused, for an error that names the place. Requests
// on the chat surface pass without being read in full, and providers often say only that something
// is wrong ("Messages with role 'tool' must be a response to ..."). Used by the gateway once a
// provider has answered 400. Pure functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "protocol/surface.h"

namespace tidegate::translation {

// Error invalid, `field` names the path. nullopt: as far as we can see all is well, and the
// provider had a reason of its own.
[[nodiscard]] std::optional<Error> find_fault(protocol::Surface surface, std::string_view body);

// Adds it to a provider's words: "PROVIDER (messages[3].tool_call_id names no tool call ...)".
[[nodiscard]] Error with_fault(Error said, const Error& fault);

}  // namespace tidegate::translation
