// Whether values are what inputs must be. Used by the loader and by bind_inputs(). Pure functions.
#pragma once

#include <string>

#include "workflow/definition.h"

namespace tidegate::workflow {

// Empty: `value` will do, as null always does. Else "is a list; expected a text".
[[nodiscard]] std::string misfit(const Input& input, const Value& value);
[[nodiscard]] std::string_view name(InputType type);

}  // namespace tidegate::workflow
