// Small text helpers that the standard library lacks. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tidegate {

[[nodiscard]] bool same_letters(std::string_view a, std::string_view b);  // of equal size; ASCII
// Inline up to the first byte, since most comparisons of header names end there.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a.empty() || (((a[0] ^ b[0]) & ~0x20) == 0 && same_letters(a, b)));
}
[[nodiscard]] std::string to_lower(std::string_view text);   // ASCII
[[nodiscard]] std::string_view trim(std::string_view text);  // space, tab
[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Whether all of `text` is as `glob` says: * stands for any characters, ? for one. ASCII letters of
// either case are alike. Takes at most the product of both sizes in steps.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view text);

// Decimal digits only, no sign, no space; nullopt when it is not a number or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_u64(std::string_view text);

// "500ms", "20s", "30m", "6h", "2d" -> duration; a bare number is not a duration.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(Duration duration);
// "48MiB", "64KiB", "4096" -> bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

// The candidates nearest to `word` by edit distance, best first, at most three; none if all are
// far.
[[nodiscard]] std::vector<std::string> near_names(std::string_view word,
                                                  std::span<const std::string> candidates);
// " Did you mean a, b or c?" or "" when near_names() finds none.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace tidegate
