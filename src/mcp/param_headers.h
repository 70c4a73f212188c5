// Arguments that HTTP headers repeat, because a tool's schema says so with `x-mcp-header`
// (2026-07-28, transports/streamable-http). Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::mcp {

struct ParamHeader {
  std::string name;               // without "Mcp-Param-"
  std::vector<std::string> path;  // of `properties` keys, from the schema's root
};

// Those of a tool's schema. Error invalid: one breaks a rule, and the tool must not be used.
[[nodiscard]] Result<std::vector<ParamHeader>> param_headers(std::string_view input_schema);

// "Mcp-Param-Region: us-west1\r\n" for each that has a value in `arguments`, a valid JSON object.
[[nodiscard]] std::string header_lines(const std::vector<ParamHeader>& headers,
                                       std::string_view arguments);

// A value as a header may carry it: as it is, or "=?base64?...?=".
[[nodiscard]] std::string header_value(std::string_view value);

}  // namespace tidegate::mcp
