// Repairs of a Messages request that goes to Anthropic itself though its conversation has been
// elsewhere: thinking that others did, in our envelopes, which Anthropic would take for signatures
// of its own, or signed by another model of its own; and ids that it refuses. Only that is cut out
// of the client's bytes. Used by the gateway for attempts without translation. Pure but for the
// memory that the aim names.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "translation/aim.h"
#include "translation/cut.h"
#include "translation/request.h"

namespace tidegate::translation {

// Whether repair_messages() may find anything: all other bodies go as they are.
[[nodiscard]] bool needs_messages_repair(const Request& request, const Aim& aim);

// Whether it says what this model refuses and another generation takes (a budget for thinking,
// adaptive thinking, a temperature), or repeats ids: then the request is better written anew.
[[nodiscard]] bool is_for_another_claude(const Request& request, std::string_view wire_model);

// Error invalid: the body is malformed; `field` names the path.
Result<std::vector<Cut>> repair_messages(std::string_view body, const Aim& aim, Notes& notes);

}  // namespace tidegate::translation
