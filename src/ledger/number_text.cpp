#include "ledger/number_text.h"

#include <array>
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

char* write_pair(char* at, std::uint64_t pair) {
  std::memcpy(at, kPairs[pair].data(), 2);
  return at + 2;
}

char* write_four(char* at, std::uint64_t four) {
  return write_pair(write_pair(at, four / 100), four % 100);
}

// Up to four digits, as most counts of tokens and times have.
char* write_short(char* at, std::uint64_t number) {
  if (number > 999) return write_four(at, number);
  if (number > 99) {
    *at++ = static_cast<char>('0' + number / 100);
    return write_pair(at, number % 100);
  }
  if (number > 9) return write_pair(at, number);
  *at++ = static_cast<char>('0' + number);
  return at;
}

// The digits of 10^4 and more come first.
char* write_whole(char* at, std::uint64_t number) {
  if (number < 10'000) return write_short(at, number);
  return write_four(write_whole(at, number / 10'000), number % 10'000);
}

}  // namespace

char* write_long_number(char* at, std::int64_t number) {
  auto left = static_cast<std::uint64_t>(number);
  if (number < 0) {
    *at++ = '-';
    left = 0 - left;
  }
  return write_whole(at, left);
}

}  // namespace tidegate::ledger
