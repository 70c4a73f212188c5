#include "ledger/numbering.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace tidegate::ledger {
namespace {

struct TextHash {
  std::uint64_t operator()(std::string_view text) const { return hash_bytes(text); }
};
struct SameHash {
  std::uint64_t operator()(int /*key*/) const { return 63; }
};

TEST(NumberingTest, NumbersAscendAndStay) {
  Numbering<std::string, TextHash> numbering;
  std::map<std::string, std::uint32_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "task " + std::to_string(i * 7919 % 5'003);
    const auto [found, added] =
        expected.try_emplace(key, static_cast<std::uint32_t>(expected.size()));
    ASSERT_EQ(numbering.number(std::string_view(key)), found->second);
  }
  ASSERT_EQ(numbering.size(), 5'003);
  for (const auto& [key, number] : expected) EXPECT_EQ(numbering[number], key);
}

TEST(NumberingTest, KeysOfOneHashAreToldApart) {
  Numbering<int, SameHash> numbering;
  for (int i = 0; i < 300; ++i) EXPECT_EQ(numbering.number(i), i);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(numbering.number(i), i);
}

}  // namespace
}  // namespace tidegate::ledger
