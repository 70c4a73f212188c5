#include "base/sip_hash.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/random.h"

namespace tidegate {
namespace {

static_assert(std::endian::native == std::endian::little);

std::uint64_t load8(const void* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

SipHash::SipHash(std::span<const std::uint8_t, 16> seed)
    : seed_low_(load8(seed.data())), seed_high_(load8(seed.data() + 8)) {}

Result<SipHash> SipHash::create() {
  std::array<std::uint8_t, 16> seed;
  if (auto filled = fill_with_secret_bytes(seed); !filled) return std::unexpected(filled.error());
  return SipHash(seed);
}

SipTag SipHash::operator()(std::string_view bytes) const {
  // "somepseudorandomlygeneratedbytes", as the algorithm is defined.
  State state{seed_low_ ^ 0x736f6d6570736575u, seed_high_ ^ 0x646f72616e646f6du ^ 0xeeu,
              seed_low_ ^ 0x6c7967656e657261u, seed_high_ ^ 0x7465646279746573u};
  const char* at = bytes.data();
  for (std::size_t left = bytes.size(); left >= 8; left -= 8, at += 8) state.take(load8(at));
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (std::size_t i = 0; i < bytes.size() % 8; ++i) {
    last |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[i])) << (8 * i);
  }
  state.take(last);
  state.v2 ^= 0xee;
  const std::uint64_t low = state.squeeze();
  state.v1 ^= 0xdd;
  return {low, state.squeeze()};
}

}  // namespace tidegate
