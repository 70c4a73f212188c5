// The loops behind count_bytes(), one for each kind of processor, and what runs and breaks
// are made of. For byte_classes.cpp and its test alone. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/byte_classes.h"

namespace tidegate::protocol {

// Gap: spaces and multi-byte characters.
enum class ByteKind : std::uint8_t { mark, small, capital, digit, gap };

constexpr ByteKind kind_of_byte(char byte) {
  const auto c = static_cast<std::uint8_t>(byte);
  if (c >= 'a' && c <= 'z') return ByteKind::small;
  if (c >= 'A' && c <= 'Z') return ByteKind::capital;
  if (c >= '0' && c <= '9') return ByteKind::digit;
  return c <= 0x20 || c >= 0x80 ? ByteKind::gap : ByteKind::mark;
}
constexpr bool is_letter(ByteKind kind) {
  return kind == ByteKind::small || kind == ByteKind::capital;
}
constexpr bool starts_run(ByteKind before, ByteKind kind) {
  if (kind == ByteKind::gap) return before != ByteKind::gap;
  return is_letter(kind) && !is_letter(before);
}
constexpr bool starts_break(ByteKind before, ByteKind kind) {
  if (kind == ByteKind::digit) return before != ByteKind::digit;
  return kind == ByteKind::capital && before == ByteKind::small;
}

// Adds the counts of a text in which an escape is a backslash and what follows it. Returns whether
// there is a "\u", even if its backslash is the end of an escaped one.
using CountBytes = bool(const char* text, std::size_t size, ByteClasses& classes);
CountBytes count_portably;
#if defined(__x86_64__)
CountBytes count_with_avx2;  // and BMI, BMI2, POPCNT
#endif

}  // namespace tidegate::protocol
