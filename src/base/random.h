// Fast random numbers for jitter, ids and sampling: one generator per thread, not for secrets.
// Random bytes of the system for secrets. Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace tidegate {

// xoshiro256++, seeded from the system once per thread.
std::uint64_t random_u64();
// Uniform in [0, bound); bound > 0.
std::uint64_t random_below(std::uint64_t bound);

// Fills `out` from the system's generator; for secrets. Error::io if there is none.
Result<void> fill_with_secret_bytes(std::span<std::uint8_t> out);

}  // namespace tidegate
