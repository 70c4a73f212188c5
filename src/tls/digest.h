// SHA-256. For names of secrets that may be written down. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::tls {

// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace tidegate::tls
