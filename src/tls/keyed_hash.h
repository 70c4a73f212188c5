// HMAC-SHA256 under one secret, for what is stored in the place of a credential, and the comparison
// that takes the same time wherever two digests differ. Immutable after creation, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace tidegate::tls {

using Digest = std::array<std::uint8_t, 32>;

class KeyedHash {
 public:
  explicit KeyedHash(std::string_view secret);
  ~KeyedHash();
  KeyedHash(KeyedHash&&) noexcept;
  KeyedHash& operator=(KeyedHash&&) noexcept;

  // Two compressions for up to 55 bytes: those of the secret are made once (keyed_hash_bench.cpp).
  [[nodiscard]] Digest operator()(std::string_view bytes) const;

 private:
  struct States;  // after the secret's block: of the inner and of the outer hash
  std::unique_ptr<States> states_;
};

// Of equal size, else false at once.
[[nodiscard]] bool equal_in_constant_time(std::span<const std::uint8_t> a,
                                          std::span<const std::uint8_t> b);
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tidegate::tls
