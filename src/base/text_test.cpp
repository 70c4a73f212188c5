#include "base/text.h"

#include <gtest/gtest.h>

namespace tidegate {
namespace {

TEST(Text, ComparesAndTrims) {
  EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_EQ(to_lower("ABC-Z{9"), "abc-z{9");
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim("  "), "");
}

TEST(Text, MatchesGlobs) {
  EXPECT_TRUE(matches_glob("Cursor/*", "cursor/2.0 (darwin)"));
  EXPECT_TRUE(matches_glob("Cursor/*", "Cursor/"));
  EXPECT_FALSE(matches_glob("Cursor/*", "Cursor"));
  EXPECT_FALSE(matches_glob("Cursor/*", "My-Cursor/1"));
  EXPECT_TRUE(matches_glob("*cursor*", "My-Cursor/1"));
  EXPECT_TRUE(matches_glob("a?c*e", "abcde"));
  EXPECT_TRUE(matches_glob("*a*ab*b", "aaabab"));
  EXPECT_FALSE(matches_glob("*a*ab*c", "aaabab"));
  EXPECT_FALSE(matches_glob("?", ""));
  EXPECT_TRUE(matches_glob("**", ""));
  EXPECT_TRUE(matches_glob("", ""));
  EXPECT_FALSE(matches_glob("", "a"));
}

TEST(Text, ValidatesUtf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("plain ascii, longer than eight bytes"));
  EXPECT_TRUE(
      is_valid_utf8("h\xc3\xa9llo \xe6\xb7\xb1 \xf0\x9f\x8c\x8a \xed\x9f\xbf \xf4\x8f\xbf\xbf"));
  for (const std::string_view bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "abc\xe6\xb7", "\xc3", "\xc3(", "\xe6\xb7(",
        "\xf0\x9f\x8c("}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_FALSE(is_valid_utf8("12345678" + std::string(bad)));
  }
}

TEST(Text, ParsesNumbers) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  for (const auto* bad : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1"}) {
    EXPECT_EQ(parse_u64(bad), std::nullopt) << bad;
  }
}

TEST(Text, ParsesAndFormatsDurations) {
  for (const auto* text : {"500ms", "20s", "30m", "6h", "2d", "7us", "1500ms", "90s", "0s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(format_duration(*parsed), text);
  }
  EXPECT_EQ(parse_duration("30m"), Duration{30min});
  EXPECT_EQ(format_duration(120s), "2m");
  EXPECT_EQ(format_duration(-5s), "-5s");
  for (const auto* bad : {"", "5", "s", "5 s", "-5s", "5sec", "1.5s", "999999999999d"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Text, ParsesBytes) {
  EXPECT_EQ(parse_bytes("48MiB"), 48ull << 20);
  EXPECT_EQ(parse_bytes("64KiB"), 64ull << 10);
  EXPECT_EQ(parse_bytes("2GiB"), 2ull << 30);
  EXPECT_EQ(parse_bytes("3MB"), 3'000'000u);
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  for (const auto* bad : {"", "MiB", "4mib", "4 MiB", "-4", "99999999999GiB"}) {
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
  }
}

TEST(Text, SuggestsNearNames) {
  const std::vector<std::string> names{"timeouts", "retry", "routes", "providers",
                                       "deepseek-v4-pro"};
  EXPECT_EQ(near_names("timeuots", names), std::vector<std::string>{"timeouts"});
  EXPECT_EQ(near_names("Deepseek-V4", names), std::vector<std::string>{"deepseek-v4-pro"});
  EXPECT_TRUE(near_names("zebra", names).empty());
  EXPECT_TRUE(near_names(std::string(100'000, 'r'), names).empty());
  const std::vector<std::string> close{"abcd", "abce", "abcf", "abcg"};
  EXPECT_EQ(did_you_mean("abcc", close), " Did you mean abcd, abce or abcf?");
  EXPECT_EQ(did_you_mean("abcg", close).substr(0, 18), " Did you mean abcg");
  EXPECT_EQ(did_you_mean("qqqqqq", close), "");
}

// At every size and place, against the definition: two bytes are the same if tolower() says so.
TEST(EqualsIgnoringCase, EveryPairOfBytes) {
  for (std::size_t size = 1; size <= 19; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int x = 0; x < 256; ++x) {
        for (const int flip : {0, 0x20, 0x40, 0x01, 0x80}) {
          std::string a(size, 'q');
          std::string b(size, 'Q');
          a[at] = static_cast<char>(x);
          b[at] = static_cast<char>(x ^ flip);
          const bool letter = (x | 0x20) >= 'a' && (x | 0x20) <= 'z';
          const bool same = flip == 0 || (flip == 0x20 && letter);
          ASSERT_EQ(equals_ignoring_case(a, b), same)
              << size << " " << at << " " << x << " " << flip;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tidegate
