// Simulated text as the pieces it is streamed in. One piece counts as one token.
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::simulator {

// Words with the blank before them; long words in parts of up to 12 bytes; a character that is not
// ASCII stands alone. Joined they give `text` again.
[[nodiscard]] std::vector<std::string> split_pieces(std::string_view text);

// `count` words that `seed` chooses, as pieces.
[[nodiscard]] std::vector<std::string> filler(std::size_t count, std::uint64_t seed);

[[nodiscard]] std::string join(const std::vector<std::string>& pieces);

// At most `bytes` bytes of `text`, cut between characters.
[[nodiscard]] std::string_view first_bytes(std::string_view text, std::size_t bytes);

}  // namespace tidegate::simulator
