#include "base/hash.h"

#include <cstring>

namespace tidegate {
namespace {

// Odd constants with balanced bits: the fractions of sqrt(2), sqrt(3), sqrt(5) and the golden
// ratio.
constexpr std::uint64_t kA = 0x6a09e667f3bcc909u;
constexpr std::uint64_t kB = 0xbb67ae8584caa73bu;
constexpr std::uint64_t kC = 0x3c6ef372fe94f82bu;
constexpr std::uint64_t kD = 0x9e3779b97f4a7c15u;

std::uint64_t load8(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint64_t load4(const char* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The 128-bit product folded to 64 bits: every input bit reaches every output bit.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  const char* at = bytes.data();
  const std::size_t size = bytes.size();
  std::size_t left = size;
  std::uint64_t state = fold(seed ^ kA, kD);

  if (left > 64) {
    // Three independent lanes keep the multiplier busy.
    std::uint64_t lane1 = state;
    std::uint64_t lane2 = state;
    do {
      state = fold(load8(at) ^ kA, load8(at + 8) ^ state);
      lane1 = fold(load8(at + 16) ^ kB, load8(at + 24) ^ lane1);
      lane2 = fold(load8(at + 32) ^ kC, load8(at + 40) ^ lane2);
      at += 48;
      left -= 48;
    } while (left > 48);
    state ^= fold(lane1, kB) ^ fold(lane2, kC);
  }
  while (left > 16) {
    state = fold(load8(at) ^ kB, load8(at + 8) ^ state);
    at += 16;
    left -= 16;
  }

  // The last 0..16 bytes as two words that may overlap.
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  if (left >= 8) {
    first = load8(at);
    second = load8(at + left - 8);
  } else if (left >= 4) {
    first = load4(at);
    second = load4(at + left - 4);
  } else if (left > 0) {
    const auto byte = [at](std::size_t i) {
      return std::uint64_t{static_cast<std::uint8_t>(at[i])};
    };
    first = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
  }
  return fold(fold(first ^ kC, second ^ state) ^ kD, size ^ kA);
}

}  // namespace tidegate
