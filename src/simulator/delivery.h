// Sends a Reply at its pace and with the faults that lie in the sending.
// A coroutine of the exchange's worker; waits end at once when the client leaves.
#pragma once

#include "http/exchange.h"
#include "loop/task.h"
#include "simulator/reply.h"

namespace tidegate::simulator {

// A hanging answer ends here: DeepSeek gives up a request that waits for so long (fact sheet 1.7).
inline constexpr Duration kLongestHang = 10min;

// False: the client left before the end.
Task<bool> deliver(http::Exchange& exchange, Reply reply);

}  // namespace tidegate::simulator
