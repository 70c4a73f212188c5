#include "protocol/byte_classes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "protocol/byte_counts.h"

namespace tidegate::protocol {
namespace {

ByteClasses count(const std::string& text) {
  ByteClasses classes;
  count_bytes(text, classes);
  return classes;
}

// The definition, a byte at a time.
ByteClasses count_plainly(const std::string& text) {
  ByteClasses classes;
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_letter = [&](char c) { return is_small(c) || is_capital(c); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_gap = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x80;
  };
  char before = '!';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool run = is_letter(c) ? !is_letter(before) : is_gap(c) && !is_gap(before);
    classes.runs += run ? 1 : 0;
    const bool broken = is_digit(c) ? !is_digit(before) : is_capital(c) && is_small(before);
    classes.breaks += broken ? 1 : 0;
    before = c;
    if (is_letter(c))
      ++classes.letters;
    else if (byte >= '0' && byte <= '9')
      ++classes.digits;
    else if (byte <= 0x20)
      ++classes.spaces;
    else if (byte == '\\')
      ++classes.escapes;
    else if (byte < 0x80)
      ++classes.punctuation;
    else if (byte >= 0xE3)
      ++classes.cjk;
    else if (byte >= 0xC0)
      ++classes.other_lead;
  }
  return classes;
}

TEST(ByteClasses, EqualsThePlainDefinitionAtEverySize) {
  std::mt19937 random(3);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>(random());
    for (std::size_t i = 1; i < size; ++i) {
      if (text[i - 1] == '\\' && text[i] == 'u') text[i] = 'v';
    }
    EXPECT_EQ(count(text), count_plainly(text)) << size;
  }
}

TEST(ByteClasses, OfNothingThereIsNothingToCount) {
  ByteClasses classes;
  count_bytes({}, classes);
  EXPECT_EQ(classes, ByteClasses());
}

// Random bytes hold few runs; these are long enough to go on from one block to the next.
TEST(ByteClasses, CountsRunsAcrossBlocks) {
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    while (text.size() < 300)
      text += std::string(1 + random() % 70, "aZ7 \n.\\\x80\"["[random() % 9]);
    EXPECT_EQ(count(text), count_plainly(text)) << text;
  }
}

TEST(ByteClasses, OfPiecesDifferByOneRunAndOneBreakAtMost) {
  const std::string text = "int  camelCase = x100 \n  + HTTPServer22b;";
  const ByteClasses whole = count(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ByteClasses pieces = count(text.substr(0, cut));
    pieces += count(text.substr(cut));
    EXPECT_LE(pieces.runs - whole.runs, 1U) << cut;
    EXPECT_LE(pieces.breaks - whole.breaks + 1, 2U) << cut;  // one less before a capital
    pieces.runs = whole.runs;
    pieces.breaks = whole.breaks;
    EXPECT_EQ(pieces, whole) << cut;
  }
}

TEST(ByteClasses, CountsTheSameOnAllProcessors) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) GTEST_SKIP();
  const auto same = [](std::string_view text) {
    ByteClasses here, there;
    EXPECT_EQ(count_with_avx2(text.data(), text.size(), here),
              count_portably(text.data(), text.size(), there))
        << text.size();
    EXPECT_EQ(here, there) << text.size();
  };
  std::mt19937 random(4);
  constexpr std::string_view kBytes = "az AZ\\u@[`{/09:\n!\x7F\x80\xBF\xC0\xE2\xE3\xED\xEE\xFF";
  for (std::size_t size = 0; size < 20'000; size += 1 + size / 7) {
    std::string text(size, ' ');
    for (char& c : text) c = kBytes[random() % kBytes.size()];
    same(text);
    text.assign(size, kBytes[random() % kBytes.size()]);
    same(text);
  }
#endif
}

TEST(ByteClasses, CountsLongTextsWithoutOverflow) {
  const std::string text(100'003, 'a');
  EXPECT_EQ(count(text).letters, text.size());
}

TEST(ByteClasses, CountsAnEscapedCharacterAsItself) {
  EXPECT_EQ(count("a \\u4e2d\\u6587 b"), count("a 中文 b"));
  EXPECT_EQ(count("\\u00e9\\u0416"), count("éЖ"));
  EXPECT_EQ(count("\\ud83d\\ude42"), count("🙂"));
  EXPECT_EQ(count("\\u003c"), count("<"));
  EXPECT_EQ(count("12\\u4E2d34 aB\\uFa0eCd\\u00e9Ef\\u003c7"), count("12中34 aB\xEF\xA8\x8E"
                                                                     "Cd\xC3\xA9"
                                                                     "Ef<7"));
  EXPECT_EQ(count("\\u4e2d \\u6587\\n\\u003c\\u0416z"), count("中 文\\n<Жz"));
  EXPECT_EQ(count("C:\\\\users"), count_plainly("C:\\\\users"));
  EXPECT_EQ(count("\\\\u4e2d"), count_plainly("\\\\u4e2d"));
}

}  // namespace
}  // namespace tidegate::protocol
