#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>

namespace tidegate {
namespace {

// splitmix64: spreads a weak seed over the state.
std::uint64_t mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// xoshiro256++ 1.0 (Blackman and Vigna).
struct Generator {
  std::array<std::uint64_t, 4> state{};

  Generator() {
    const auto bytes = static_cast<ssize_t>(sizeof(state));
    if (getrandom(state.data(), sizeof(state), 0) == bytes) return;
    // No system randomness: the clock and the thread's own address still tell threads apart.
    auto seed =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
        reinterpret_cast<std::uintptr_t>(this);
    for (auto& word : state) word = mix(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state[0] + state[3], 23) + state[0];
    const std::uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = std::rotl(state[3], 45);
    return result;
  }
};

}  // namespace

std::uint64_t random_u64() {
  thread_local Generator generator;
  return generator.next();
}

std::uint64_t random_below(std::uint64_t bound) {
  // Lemire's multiply-shift with rejection: no division on the usual way, no bias.
  auto product = static_cast<unsigned __int128>(random_u64()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(random_u64()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

Result<void> fill_with_secret_bytes(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno != EINTR) {
      return fail(ErrorCode::io, "the system gave no random bytes (getrandom failed)");
    }
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace tidegate
