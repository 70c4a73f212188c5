#include "base/sip_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>

namespace tidegate {
namespace {

std::string text(const SipTag& tag) {
  std::string out;
  for (const std::uint64_t half : {tag.low, tag.high}) {
    for (int i = 0; i < 8; ++i) out += fmt::format("{:02x}", half >> (8 * i) & 0xff);
  }
  return out;
}

// The reference vectors: seed 00 01 .. 0f, bytes 00 01 .. of each length
// (`openssl mac -macopt size:16 SIPHASH` gives the same).
TEST(SipHash, AgreesWithTheReference) {
  std::array<std::uint8_t, 16> seed;
  std::iota(seed.begin(), seed.end(), std::uint8_t{0});
  std::string bytes(64, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  const SipHash hash(seed);
  const std::string_view all = bytes;
  EXPECT_EQ(text(hash(all.substr(0, 0))), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(text(hash(all.substr(0, 1))), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(text(hash(all.substr(0, 8))), "3b62a9ba6258f5610f83e264f31497b4");
  EXPECT_EQ(text(hash(all.substr(0, 15))), "5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_EQ(text(hash(all.substr(0, 49))), "438d030fd0b7a54fa837f2ad201a6403");
}

TEST(SipHash, SeedsOfTheSystemDiffer) {
  const auto one = SipHash::create();
  const auto other = SipHash::create();
  ASSERT_TRUE(one && other);
  EXPECT_NE(text((*one)("a key")), text((*other)("a key")));
}

}  // namespace
}  // namespace tidegate
