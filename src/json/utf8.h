// UTF-8, one character at a time: for slow paths (errors, escaping); check_text() checks whole
// texts. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::json {

// Bytes of the valid character that `text` begins with, 1 to 4; 0 when it is empty or invalid
// there.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);

// `code_point` must not be a surrogate, nor above 10FFFF.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace tidegate::json
