#include "ledger/numbering.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "ledger/names.h"
#include "ledger/report_memory.h"

namespace tidegate::ledger {
namespace {

struct SameHash {
  std::uint64_t operator()(int /*key*/) const { return 63; }
};

TEST(NamesTest, NumbersAscendAndStay) {
  ReportMemory memory;
  Names names(&memory);
  std::map<std::string, std::uint32_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const int which = i * 7919 % 5'003;
    std::string name = "task " + std::to_string(which);
    if (which % 1'000 == 0) name.resize(100'000, 'x');
    const auto [found, added] =
        expected.try_emplace(name, static_cast<std::uint32_t>(expected.size()));
    ASSERT_EQ(names.number(name), found->second);
  }
  ASSERT_EQ(names.size(), 5'003);
  for (const auto& [name, number] : expected) EXPECT_EQ(names[number], name);
}

TEST(NamesTest, NoNameIsOne) {
  ReportMemory memory;
  Names names(&memory);
  EXPECT_EQ(names.number(""), 0);
  EXPECT_EQ(names.number("a"), 1);
  EXPECT_EQ(names.number(""), 0);
  EXPECT_EQ(names[0], "");
}

TEST(NumberingTest, KeysOfOneHashAreToldApart) {
  ReportMemory memory;
  Numbering<int, SameHash> numbering(&memory);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(numbering.number(i), i);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(numbering.number(i), i);
}

}  // namespace
}  // namespace tidegate::ledger
