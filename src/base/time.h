// Points in time and clocks, those of the public library, and how they are written.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "tidegate/clock.h"

namespace tidegate {

// "2026-10-01T12:00:00.123Z"
std::string format_rfc3339(WallTime at);
// "2026-10-01 12:00 UTC"
std::string format_minute(WallTime at);
// "2026-10-01" and "2026-10-01T12:00:00Z" (fraction and offset allowed). False if it is neither.
bool parse_rfc3339(std::string_view text, WallTime& out);

}  // namespace tidegate
