#include "ledger/number_text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace tidegate::ledger {
namespace {

std::string written(std::int64_t number) {
  std::array<char, kMostDigits> text{};
  return {text.data(), write_number(text.data(), number)};
}

TEST(NumberText, is_what_the_standard_writes) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t edge : {Limits::min(), Limits::max(), std::int64_t{0}}) {
    EXPECT_EQ(written(edge), "," + std::to_string(edge));
  }
  for (std::int64_t power = 1; power <= Limits::max() / 10; power *= 10) {
    for (const std::int64_t number : {power - 1, power, power + 1, 7 * power + power / 3}) {
      EXPECT_EQ(written(number), "," + std::to_string(number));
      EXPECT_EQ(written(-number), "," + std::to_string(-number));
    }
  }
}

}  // namespace
}  // namespace tidegate::ledger
