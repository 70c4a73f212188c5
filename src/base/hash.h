// One fast 64-bit hash for tables and fingerprints. Not for secrets, not stable across versions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate {

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace tidegate
