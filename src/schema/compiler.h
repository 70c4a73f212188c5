// Compiler: reads a schema's tree into rules, and refuses what is no schema. Used once per schema,
// by Schema::compile() alone.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "schema/compiled.h"

namespace tidegate::schema {

// See Schema::compile().
Result<std::shared_ptr<const Compiled>> compile(std::string_view text);

// Whether a value would be held against subschemas without end, or against more in a row than are
// followed; `at` is then where that begins.
[[nodiscard]] bool has_endless_chain(const Compiled& compiled, RulesIndex& at);

}  // namespace tidegate::schema
