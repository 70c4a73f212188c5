// Fast random numbers for jitter, ids and sampling. Not for secrets. One generator per thread.
#pragma once

#include <cstdint>

namespace tidegate {

// xoshiro256++, seeded from the system once per thread.
std::uint64_t random_u64();
// Uniform in [0, bound); bound > 0.
std::uint64_t random_below(std::uint64_t bound);

}  // namespace tidegate
