// The rules that make a request valid where it goes: what thinking means there, which reasoning may
// cross and which must come back, what is refused while the model thinks. They change a Request
// before the target's surface writes it; each change is noted. Used by the gateway for requests
// that are translated. Pure but for the memory that the aim names.
#pragma once

#include "translation/aim.h"
#include "translation/request.h"

namespace tidegate::translation {

void fit(Request& request, const Aim& aim, Notes& notes);

// Whether the request, once fitted, has what DeepSeek takes at its beta path alone: strict
// functions, or a prefix of the answer (fact sheet of DeepSeek V4, 1.2).
[[nodiscard]] bool needs_beta(const Request& request);

}  // namespace tidegate::translation
