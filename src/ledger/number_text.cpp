#include "ledger/number_text.h"

#include <array>
#include <bit>
#include <cstring>

namespace tidegate::ledger {
namespace {

constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

constexpr auto kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

std::size_t count_digits(std::uint64_t number) {
  // 1233 / 4096 is the logarithm of 2.
  const std::size_t least = static_cast<std::size_t>(std::bit_width(number)) * 1233 >> 12;
  return least + (number >= kPowersOfTen[least] ? 1 : 0);
}

}  // namespace

char* write_long_number(char* at, std::int64_t number) {
  if (number < 0) *at++ = '-';
  auto left = static_cast<std::uint64_t>(number);
  if (number < 0) left = 0 - left;
  char* const end = at + count_digits(left);
  at = end;
  for (; left > 9; left /= 100) std::memcpy(at -= 2, kPairs[left % 100].data(), 2);
  if (left > 0) *--at = static_cast<char>('0' + left);
  return end;
}

}  // namespace tidegate::ledger
