// What byte_classes.cpp adds up, and the loops that count it for each kind of processor.
// For byte_classes.cpp and its test alone. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::protocol {

struct ByteCounts {
  std::uint64_t letters = 0, words = 0, digits = 0, spaces = 0, escapes = 0, cjk = 0, lead = 0;
  std::uint64_t high = 0;             // bytes of multi-byte characters
  std::uint64_t unicode_escapes = 0;  // "\u", also the end of an escaped backslash before a u

  bool operator==(const ByteCounts&) const = default;
};

using CountBytes = ByteCounts(const char* text, std::size_t size);
CountBytes count_portably;
#if defined(__x86_64__)
CountBytes count_with_avx2;
#endif

}  // namespace tidegate::protocol
