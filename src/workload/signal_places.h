// Places in a text where a signal of planning may begin: a vectorised sieve, so that the exact
// comparisons of text_signals.cpp look at a few bytes of a text only. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tidegate::workload {

// Sets bit i % 64 of marks[i / 64] for each byte i worth a look, clears the others. Worth a look
// are the first letter of a word that begins with two letters of a planning word, a dot or ')'
// before a letter or a space, a backslash before 'u', and the first byte of a Chinese planning
// word. What follows the text counts as a NUL. `marks` has one word for each 64 bytes begun.
void mark_places(std::string_view text, std::span<std::uint64_t> marks);

// The same, but for more or fewer places that no signal begins at: what processors without AVX2
// run.
void mark_places_portably(std::string_view text, std::span<std::uint64_t> marks);

using Sieve = void (*)(std::string_view, std::span<std::uint64_t>);

}  // namespace tidegate::workload
