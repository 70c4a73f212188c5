// The x-tidegate-* lines that explain an answer. Pure functions, any thread.
#pragma once

#include <string>

#include "gateway/walk.h"

namespace tidegate::gateway {

// x-request-id, route, model, provider, reason, attempts and notes, as header lines.
[[nodiscard]] std::string decision_headers(const Walk& walk, const routing::Target& target);
// The same before a target is known: the id, the notes, and how the limits stand.
[[nodiscard]] std::string request_headers(const Walk& walk);

}  // namespace tidegate::gateway
