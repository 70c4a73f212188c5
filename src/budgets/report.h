// How budgets stand, for people and programs: a table, and the JSON of `tidegate budgets` and of
// GET /api/budgets. Pure functions, any thread.
#pragma once

#include <span>
#include <string>

#include "budgets/budgets.h"

namespace tidegate::budgets {

[[nodiscard]] std::string to_text(std::span<const Standing> standings);
// {"budgets":[{"scope":"tenant","name":"search",...}]}
[[nodiscard]] std::string to_json(std::span<const Standing> standings);

}  // namespace tidegate::budgets
