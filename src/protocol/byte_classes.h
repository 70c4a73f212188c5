// Counts bytes of prompt text by class, several gigabytes a second: what token counts are estimated
// from. Used by the conversation's pass. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::protocol {

// Counted over raw JSON strings. "\u4e2d" counts as the character it stands for, every other escape
// as a backslash and what follows it.
struct ByteClasses {
  std::uint64_t letters = 0, digits = 0, spaces = 0, punctuation = 0;
  std::uint64_t runs = 0;        // of letters, and of spaces and multi-byte characters
  std::uint64_t breaks = 0;      // runs of digits, and capitals after a small letter
  std::uint64_t escapes = 0;     // backslashes
  std::uint64_t cjk = 0;         // lead bytes from E3 on: characters from U+3000 on
  std::uint64_t other_lead = 0;  // lead bytes of all other multi-byte characters

  bool operator==(const ByteClasses&) const = default;
  ByteClasses& operator+=(const ByteClasses& other) {
    letters += other.letters;
    digits += other.digits;
    spaces += other.spaces;
    punctuation += other.punctuation;
    runs += other.runs;
    breaks += other.breaks;
    escapes += other.escapes;
    cjk += other.cjk;
    other_lead += other.other_lead;
    return *this;
  }
};

// Adds the counts of `text`. Runs end with it: in two pieces a text has at most one run or break
// more than in one.
void count_bytes(std::string_view text, ByteClasses& classes);

}  // namespace tidegate::protocol
