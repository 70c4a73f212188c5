// The headers that say how the limits stand, in the words that the client's SDK reads: OpenAI's
// x-ratelimit-* or Anthropic's anthropic-ratelimit-*. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "gateway/limited.h"
#include "protocol/surface.h"

namespace tidegate::gateway {

// Of the tightest limit that the request passes, one for requests and one for tokens.
void append_limit_headers(std::string& out, const Limited& limited, protocol::Surface surface,
                          TimePoint now, WallTime wall);

// Whether a provider's header speaks of its own limits, which are not the client's.
[[nodiscard]] bool is_limit_header(std::string_view name);

}  // namespace tidegate::gateway
