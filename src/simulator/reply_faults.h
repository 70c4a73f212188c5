// Faults that change what is sent, once the answer stands. Pure functions, any thread.
#pragma once

#include <string>

#include "simulator/fault.h"
#include "simulator/reply.h"

namespace tidegate::simulator {

// Nothing of the answer is ever sent, so none needs to be made.
[[nodiscard]] bool answers_nothing(const Fault& fault);

// "Retry-After: 2\r\n", or the date in as many seconds from `now`, rounded up; or "".
[[nodiscard]] std::string retry_after_line(const Fault& fault, WallTime now);

// garbage, garbage_stream, error_event, slow_chunks.
void spoil(Reply& reply);

}  // namespace tidegate::simulator
