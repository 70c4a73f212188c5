// The one log line of a request.
#pragma once

#include "gateway/walk.h"

namespace tidegate::gateway {

// Counts the request and, if the config wants request lines, logs it.
void log_request(const Walk& walk);

}  // namespace tidegate::gateway
