// SHA-256, for names of secrets that may be written down; SHA-1, where a protocol names things by
// it. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::tls {

// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
// 40 of them. Proves nothing about who wrote `bytes`.
[[nodiscard]] std::string sha1_hex(std::string_view bytes);

// Takes as long whether they are alike or not.
[[nodiscard]] bool same_digest(std::string_view a, std::string_view b);

}  // namespace tidegate::tls
