// OpenSSL 3 keeps state in contexts that it allocates anew for each use, which costs more than the
// hash. The older interface keeps it in a plain struct, which can be copied.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/keyed_hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace tidegate::tls {

struct KeyedHash::States {
  SHA256_CTX inner, outer;
};

KeyedHash::KeyedHash(std::string_view secret) : states_(std::make_unique<States>()) {
  std::array<unsigned char, SHA256_CBLOCK> key{};
  if (secret.size() > key.size()) {
    SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), key.data());
  } else {
    std::ranges::copy(secret, key.begin());
  }
  const auto start = [&key](SHA256_CTX& state, unsigned char pad) {
    std::array<unsigned char, SHA256_CBLOCK> block;
    std::ranges::transform(key, block.begin(), [pad](unsigned char byte) {
      return static_cast<unsigned char>(byte ^ pad);
    });
    SHA256_Init(&state);
    SHA256_Update(&state, block.data(), block.size());
    OPENSSL_cleanse(block.data(), block.size());
  };
  start(states_->inner, 0x36);  // RFC 2104
  start(states_->outer, 0x5c);
  OPENSSL_cleanse(key.data(), key.size());
}

KeyedHash::~KeyedHash() {
  if (states_) OPENSSL_cleanse(states_.get(), sizeof(States));
}
KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;
KeyedHash& KeyedHash::operator=(KeyedHash&&) noexcept = default;

Digest KeyedHash::operator()(std::string_view bytes) const {
  Digest digest;
  SHA256_CTX state = states_->inner;
  SHA256_Update(&state, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &state);
  state = states_->outer;
  SHA256_Update(&state, digest.data(), digest.size());
  SHA256_Final(digest.data(), &state);
  return digest;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tidegate::tls
