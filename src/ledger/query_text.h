// A report's query from names and values, as the command line and /api/usage give them:
// by, since, until, time_zone, top, tasks, and a filter per group: model, key, ...
// Pure function, any thread.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ledger/report.h"

namespace tidegate::ledger {

using Parameter = std::pair<std::string, std::string>;

// All problems at once; an error's field is the parameter's name. Filters may come several times: a
// record then has to match one of them. `now`: what "24h" counts back from.
std::expected<Query, std::vector<Error>> read_query(std::span<const Parameter> parameters,
                                                    WallTime now);

// A point in time: 2026-11-01 (in `zone`), 2026-11-01T12:00:00+01:00, or 24h before `now`.
Result<WallTime> read_moment(std::string_view text, const TimeZone& zone, WallTime now);

}  // namespace tidegate::ledger
