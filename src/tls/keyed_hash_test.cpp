#include "tls/keyed_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace tidegate::tls {
namespace {

std::string hex(const Digest& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

// Test cases 1, 2 and 6 of RFC 4231: a short secret, a shorter one, and one longer than a block.
TEST(KeyedHash, is_hmac_sha256) {
  EXPECT_EQ(hex(KeyedHash(std::string(20, '\x0b'))("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(KeyedHash("Jefe")("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(KeyedHash(std::string(131, '\xaa'))(
                "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(KeyedHash, compares_every_byte) {
  const Digest digest = KeyedHash("secret")("text");
  EXPECT_TRUE(equal_in_constant_time(digest, KeyedHash("secret")("text")));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    Digest other = digest;
    other[i] ^= 1;
    EXPECT_FALSE(equal_in_constant_time(digest, other)) << i;
  }
}

}  // namespace
}  // namespace tidegate::tls
