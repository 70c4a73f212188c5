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
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  char before = ' ';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    classes.words += is_letter(c) && !is_letter(before) ? 1 : 0;
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
    else if (byte >= 0xE3 && byte <= 0xED)
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

TEST(ByteClasses, CountsTheSameOnAllProcessors) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP();
  std::mt19937 random(4);
  constexpr std::string_view kBytes = "az AZ\\u@[`{/09:\n!\x7F\x80\xBF\xC0\xE2\xE3\xED\xEE\xFF";
  for (std::size_t size = 0; size < 20'000; size += 1 + size / 7) {
    std::string text(size, ' ');
    for (char& c : text) c = kBytes[random() % kBytes.size()];
    EXPECT_EQ(count_with_avx2(text.data(), size), count_portably(text.data(), size)) << size;
    text.assign(size, kBytes[random() % kBytes.size()]);
    EXPECT_EQ(count_with_avx2(text.data(), size), count_portably(text.data(), size)) << size;
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
  EXPECT_EQ(count("C:\\\\users"), count_plainly("C:\\\\users"));
  EXPECT_EQ(count("\\\\u4e2d"), count_plainly("\\\\u4e2d"));
}

}  // namespace
}  // namespace tidegate::protocol
