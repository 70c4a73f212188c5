#include "base/money.h"

#include <array>

namespace tidegate {

// By hand: a report of a hundred thousand rows writes a million amounts.
std::string format_usd(NanoDollars amount) {
  constexpr std::uint64_t kNanoPerDollar = 1'000'000'000;
  const bool negative = amount.value < 0;
  const auto bits = static_cast<std::uint64_t>(amount.value);
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  std::array<char, 24> text;  // the sign, 10 digits, the point and 9 more
  char* const end = text.data() + text.size();
  char* at = end;
  char* last = end;  // behind the last digit to show
  std::uint64_t left = magnitude % kNanoPerDollar;
  for (int decimal = 9; decimal > 0; --decimal, left /= 10) {
    *--at = static_cast<char>('0' + left % 10);
    if (last == at + 1 && *at == '0' && decimal > 2) last = at;
  }
  *--at = '.';
  left = magnitude / kNanoPerDollar;
  do {
    *--at = static_cast<char>('0' + left % 10);
    left /= 10;
  } while (left > 0);
  *--at = '$';
  if (negative) *--at = '-';
  return std::string(at, last);
}

}  // namespace tidegate
