// The address of an MCP endpoint. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/endpoint.h"

namespace tidegate::mcp {

struct Url {
  http::Endpoint endpoint;
  std::string target;  // path and query as they were given: "/mcp?team=7"
};

// Error invalid says what is wrong.
[[nodiscard]] Result<Url> parse_url(std::string_view url);

}  // namespace tidegate::mcp
