#include "protocol/byte_classes.h"

#include <cstddef>

#include "protocol/byte_counts.h"

namespace tidegate::protocol {
namespace {

#if defined(__x86_64__)
CountBytes* const count = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
                              ? count_with_avx2
                              : count_portably;
#else
constexpr CountBytes* count = count_portably;
#endif

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
void recount_unicode_escapes(std::string_view text, ByteClasses& classes) {
  std::size_t end = 0;  // of the escape before
  ByteKind last = ByteKind::mark;
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    const int value =
        at + 6 <= text.size() && text[at + 1] == 'u' ? hex4(text.data() + at + 2) : -1;
    if (value < 0) {
      at += 2;
      continue;
    }
    const ByteKind character = value < 0x80 ? ByteKind::mark : ByteKind::gap;
    if (at != end || at == 0) last = at == 0 ? ByteKind::mark : kind_of_byte(text[at - 1]);
    classes.runs += starts_run(last, character);
    --classes.escapes;
    ByteKind before = ByteKind::mark;
    for (std::size_t i = at + 1; i < at + 6; ++i) {
      const ByteKind kind = kind_of_byte(text[i]);
      --(kind == ByteKind::digit ? classes.digits : classes.letters);
      classes.runs -= starts_run(before, kind);
      classes.breaks -= starts_break(before, kind);
      before = kind;
    }
    last = character;
    at += 6;
    end = at;
    if (at < text.size()) {
      const ByteKind next = kind_of_byte(text[at]);
      classes.runs += starts_run(last, next);
      classes.runs -= starts_run(before, next);
      classes.breaks += starts_break(last, next);
      classes.breaks -= starts_break(before, next);
    }
    const bool second_half = value >= 0xDC00 && value <= 0xDFFF;
    if (value < 0x80) {
      ++classes.punctuation;
    } else if (!second_half) {
      ++(value >= 0x3000 ? classes.cjk : classes.other_lead);
    }
  }
}

}  // namespace

void count_bytes(std::string_view text, ByteClasses& classes) {
  const bool unicode_escapes = count(text.data(), text.size(), classes);
  if (unicode_escapes) recount_unicode_escapes(text, classes);
}

}  // namespace tidegate::protocol
