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

TEST(NumberText, reads_what_was_written_whatever_follows) {
  using Limits = std::numeric_limits<std::int64_t>;
  const auto check = [](std::int64_t number, const std::string& behind) {
    const std::string text = std::to_string(number) + behind;
    TextCursor cursor(text);
    std::int64_t read = -1;
    EXPECT_TRUE(cursor.integer(read)) << text;
    EXPECT_EQ(read, number) << text;
    EXPECT_EQ(cursor.offset() + behind.size(), text.size()) << text;
  };
  for (const char* behind :
       {"", ",", "]", ",1", "],[2", ",12345678,9", ":;</:;</", "\xb0\xb9zzzzzz"}) {
    for (const std::int64_t edge : {Limits::min(), Limits::max(), std::int64_t{0}}) {
      check(edge, behind);
    }
    for (std::int64_t power = 1; power <= Limits::max() / 10; power *= 10) {
      for (const std::int64_t number : {power - 1, power, power + 1, 7 * power + power / 3}) {
        check(number, behind);
        check(-number, behind);
      }
    }
  }
}

TEST(NumberText, is_no_number) {
  for (const std::string text : {"", "-", "x", "-x", ",1", "a2345678", "123456789012345678901",
                                 "12345678901234567890,123"}) {
    std::int64_t number = 0;
    EXPECT_FALSE(TextCursor(text).integer(number)) << text;
  }
}

}  // namespace
}  // namespace tidegate::ledger
