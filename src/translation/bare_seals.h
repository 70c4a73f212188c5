// Bare seals: proofs that a client of the provider's own surface brings back as the provider gave
// them, without our envelope to say which model made them. Providers refuse those of another model
// of their own, too ("Invalid `signature` in `thinking` block"), so where the memory knows the
// maker they stay behind like any other's. One that nobody remembers passes: the client's word is
// taken. Used by the repairs and the gateway. Pure but for the memory that the aim names.
#pragma once

#include <string>
#include <string_view>

#include "translation/aim.h"
#include "translation/request.h"

namespace tidegate::translation {

// Who made it, if it is known and not the aim. Empty: the seal may go.
[[nodiscard]] std::string foreign_maker(const Aim& aim, std::string_view proof);

[[nodiscard]] bool has_foreign_seals(const Request& request, const Aim& aim);

// Whether OpenRouter's reasoning_details, raw JSON, say by their format that a model of another
// maker than the aim's made them.
[[nodiscard]] bool are_foreign_details(const Aim& aim, std::string_view details);

// Writes the makers of foreign seals into their parts, for fit() to leave them out.
void name_makers(Request& request, const Aim& aim);

}  // namespace tidegate::translation
