// Percent-encoding of request targets (RFC 3986 section 2.1). Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::http {

// "a%2Fb" -> "a/b"; what is no escape stays as it is.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace tidegate::http
