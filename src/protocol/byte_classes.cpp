#include "protocol/byte_classes.h"

#include <cstddef>

#include "protocol/byte_counts.h"

namespace tidegate::protocol {
namespace {

#if defined(__x86_64__)
CountBytes* const count = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                                  __builtin_cpu_supports("popcnt")
                              ? count_with_avx2
                              : count_portably;
#else
constexpr CountBytes* count = count_portably;
#endif

bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// The value of four hexadecimal digits, or -1.
int hex4(const char* at) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = static_cast<unsigned char>(at[i]);
    const int lower = c | 0x20;
    if (c >= '0' && c <= '9') {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

// Moves each "\uXXXX" from the classes of its six bytes to that of its character. Clients that
// write ASCII only (Python's default) send all of a Chinese text in this form.
void recount_unicode_escapes(std::string_view text, ByteCounts& counts) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    const int value =
        at + 6 <= text.size() && text[at + 1] == 'u' ? hex4(text.data() + at + 2) : -1;
    if (value < 0) {
      at += 2;
      continue;
    }
    --counts.escapes;
    --counts.letters;
    for (std::size_t i = at + 1; i < at + 6; ++i) {
      if (i > at + 1) --(text[i] <= '9' ? counts.digits : counts.letters);
      const bool ends_word = i + 1 == text.size() || !is_letter(text[i + 1]);
      if (is_letter(text[i]) && ends_word) --counts.words;
    }
    const bool second_half = value >= 0xDC00 && value <= 0xDFFF;
    if (value >= 0x3000 && value <= 0xD7FF) {
      ++counts.cjk;
      ++counts.lead;
    } else if (value >= 0x80 && !second_half) {
      ++counts.lead;
    }
    // Punctuation is what remains: five or six of these bytes must not end up there.
    counts.high += value < 0x80 ? 5 : 6;
    at += 6;
  }
}

}  // namespace

void count_bytes(std::string_view text, ByteClasses& classes) {
  ByteCounts counts = count(text.data(), text.size());
  if (counts.unicode_escapes > 0) recount_unicode_escapes(text, counts);
  classes.letters += counts.letters;
  classes.words += counts.words;
  classes.digits += counts.digits;
  classes.spaces += counts.spaces;
  classes.escapes += counts.escapes;
  classes.cjk += counts.cjk;
  classes.other_lead += counts.lead - counts.cjk;
  classes.punctuation +=
      text.size() - counts.letters - counts.digits - counts.spaces - counts.escapes - counts.high;
}

}  // namespace tidegate::protocol
