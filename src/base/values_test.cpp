// Money, ids, random numbers and the hash: small value types in one test file.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "base/hash.h"
#include "base/money.h"
#include "base/random.h"
#include "base/request_id.h"

namespace tidegate {
namespace {

TEST(Money, FormatsExactly) {
  EXPECT_EQ(format_usd({0}), "$0.00");
  EXPECT_EQ(format_usd({1'500'000'000}), "$1.50");
  EXPECT_EQ(format_usd({3}), "$0.000000003");
  EXPECT_EQ(format_usd({1'234'000}), "$0.001234");
  EXPECT_EQ(format_usd({-20'000'000}), "-$0.02");
  EXPECT_EQ(format_usd({INT64_MIN}), "-$9223372036.854775808");
}

TEST(RequestId, WritesTimeFirstAndReadsBack) {
  const WallTime at{1'780'000'000'123ms};
  const auto id = RequestId::make(at);
  EXPECT_EQ(id.high() >> 16, 1'780'000'000'123u);
  const auto text = id.text();
  RequestId read;
  ASSERT_TRUE(RequestId::parse({text.data(), text.size()}, read));
  EXPECT_EQ(read, id);
  const auto later = RequestId::make(at + 1ms).text();
  EXPECT_LT(text, later);
  EXPECT_NE(RequestId::make(at), RequestId::make(at));
}

TEST(RequestId, KnowsItsBounds) {
  const auto zero = RequestId().text();
  EXPECT_EQ(std::string(zero.data(), zero.size()), "req_00000000000000000000000000");
  const auto full = RequestId::from(UINT64_MAX, UINT64_MAX).text();
  EXPECT_EQ(std::string(full.data(), full.size()), "req_7zzzzzzzzzzzzzzzzzzzzzzzzz");
  RequestId out;
  for (const auto* bad : {"", "req_", "req_80000000000000000000000000",
                          "req_0000000000000000000000000", "req_0000000000000000000000000u",
                          "req_0000000000000000000000000A", "rqe_00000000000000000000000000"}) {
    EXPECT_FALSE(RequestId::parse(bad, out)) << bad;
  }
}

TEST(Random, CoversItsRangeEvenly) {
  int counts[10] = {};
  for (int i = 0; i < 100'000; ++i) ++counts[random_below(10)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 700);
  EXPECT_EQ(random_below(1), 0u);
}

TEST(Hash, DiffersByEveryByteLengthAndSeed) {
  std::set<std::uint64_t> seen;
  std::size_t hashed = 0;
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');  // zeros: only the length tells them apart
    seen.insert(hash_bytes(bytes));
    ++hashed;
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = 1;
      seen.insert(hash_bytes(bytes));
      ++hashed;
      bytes[i] = 0;
    }
  }
  EXPECT_EQ(seen.size(), hashed);
  EXPECT_NE(hash_bytes("abc", 1), hash_bytes("abc", 2));
  EXPECT_EQ(hash_bytes("abc", 1), hash_bytes(std::string("abc"), 1));
}

TEST(Hash, OneBitChangesHalfOfTheResult) {
  std::string bytes = "The quick brown fox jumps over the lazy dog, twice and once more for luck.";
  const auto base = hash_bytes(bytes);
  int flipped = 0;
  const int bits = static_cast<int>(bytes.size()) * 8;
  for (int i = 0; i < bits; ++i) {
    char& byte = bytes[static_cast<std::size_t>(i / 8)];
    byte = static_cast<char>(byte ^ (1 << (i % 8)));
    flipped += __builtin_popcountll(base ^ hash_bytes(bytes));
    byte = static_cast<char>(byte ^ (1 << (i % 8)));
  }
  EXPECT_NEAR(static_cast<double>(flipped) / bits, 32.0, 1.0);
}

}  // namespace
}  // namespace tidegate
