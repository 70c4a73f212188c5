// Base64 (RFC 4648, section 4), with padding. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate {

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace tidegate
