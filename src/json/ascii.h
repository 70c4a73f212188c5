// How far a text is plain ASCII, 128 bytes at a time: most of what is said to models needs no
// closer look at its encoding. Used by check_text(). Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidegate::json {

// A number of bytes at the begin of `text` that are all ASCII; it may go on a little further.
[[nodiscard]] std::size_t ascii_prefix(std::string_view text);
// What processors without AVX2 run.
[[nodiscard]] std::size_t ascii_prefix_portably(std::string_view text);

}  // namespace tidegate::json
