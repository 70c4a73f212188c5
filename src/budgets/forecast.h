// Forecast: when a budget runs out if money goes on being spent as in the last hour. A pure
// function, any thread.
#pragma once

#include <optional>

#include "base/money.h"
#include "budgets/period.h"

namespace tidegate::budgets {

// nullopt: not within the period. `now` when nothing is left.
[[nodiscard]] std::optional<WallTime> runs_out(NanoDollars left, NanoDollars last_hour,
                                               const Period& period, WallTime now);

}  // namespace tidegate::budgets
