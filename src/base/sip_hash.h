// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): who does not know the seed
// can neither choose texts that collide nor make a value for a text, so it may stand for a secret
// in a memory that lives no longer than the seed. Immutable after creation, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace tidegate {

struct SipTag {
  std::uint64_t low = 0, high = 0;
};

class SipHash {
 public:
  explicit SipHash(std::span<const std::uint8_t, 16> seed);
  // With a seed of the system.
  static Result<SipHash> create();

  [[nodiscard]] SipTag operator()(std::string_view bytes) const;

 private:
  std::uint64_t seed_low_, seed_high_;
};

}  // namespace tidegate
