// How long a provider asks to wait: Retry-After (RFC 9110, 10.2.3) and OpenAI's retry-after-ms.
// Used by the gateway as the floor of its backoff. Pure function, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace tidegate::protocol {

// Longer waits are cut to this; no request lives so long.
inline constexpr Duration kMaxRetryAfter = 24h;

// The values of the two headers, empty when absent; milliseconds win. Seconds may have a fraction;
// dates may have any of the three forms of RFC 9110, and one in the past means now. nullopt:
// neither header says anything that can be understood.
[[nodiscard]] std::optional<Duration> read_retry_after(std::string_view retry_after,
                                                       std::string_view retry_after_ms,
                                                       WallTime now);

}  // namespace tidegate::protocol
