#include "protocol/byte_counts.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidegate::protocol {

bool count_portably(const char* text, std::size_t size, ByteClasses& classes) {
  bool unicode_escapes = false;
  ByteKind before = ByteKind::mark;
  bool escaped = false;
  for (std::size_t i = 0; i < size; ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const ByteKind kind = kind_of_byte(text[i]);
    classes.letters += is_letter(kind);
    classes.runs += starts_run(before, kind);
    classes.digits += kind == ByteKind::digit;
    classes.breaks += starts_break(before, kind);
    classes.spaces += c <= 0x20;
    classes.punctuation += kind == ByteKind::mark && c != '\\';
    classes.escapes += c == '\\';
    classes.cjk += c >= 0xE3;
    classes.other_lead += c >= 0xC0 && c < 0xE3;
    unicode_escapes = unicode_escapes || (escaped && c == 'u');
    before = kind;
    escaped = c == '\\';
  }
  return unicode_escapes;
}

#if defined(__x86_64__)
namespace {

using Bytes = __m256i;
#define TIDEGATE_AVX2 [[gnu::target("avx2,bmi,bmi2,popcnt"), gnu::always_inline]] inline

TIDEGATE_AVX2 Bytes fill(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
TIDEGATE_AVX2 Bytes load(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from));
}
TIDEGATE_AVX2 std::uint64_t bits(Bytes a, Bytes b) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(a)) |
         std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(b))} << 32;
}
// Bytes from `first` to `last`: moved to the top of the signed values, one comparison finds them.
TIDEGATE_AVX2 Bytes within(Bytes bytes, int first, int last) {
  const Bytes moved = _mm256_add_epi8(bytes, fill(127 - last));
  return _mm256_cmpgt_epi8(moved, fill(127 - (last - first) - 1));
}
TIDEGATE_AVX2 Bytes letters_of(Bytes bytes) {
  return within(_mm256_or_si256(bytes, fill(0x20)), 'a', 'z');
}
TIDEGATE_AVX2 std::uint64_t count_of(std::uint64_t mask) {
  return static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
}

// Windows overlap by one byte, which says what goes on at their start; it was counted before.
constexpr std::size_t kWindow = 64, kStep = kWindow - 1;
constexpr std::uint64_t kAll = ~std::uint64_t{0}, kCounted = kAll >> 1;

// From a bit for each byte of a window to a bit for each byte that follows one.
TIDEGATE_AVX2 std::uint64_t next(std::uint64_t mask) { return mask >> 1 | mask << 63; }

// What windows add up to, in registers.
struct Sums {
  std::uint64_t letters = 0, digits = 0, runs = 0, breaks = 0, escapes = 0;
  std::uint64_t high = 0, lead = 0, cjk = 0;
  std::uint64_t unicode_escapes = 0;  // places in windows
  std::uint64_t solid = 0;            // all but spaces and bytes of multi-byte characters
};

// Counts the bytes of a window after the first whose bit in `keep` is set.
TIDEGATE_AVX2 void count_window(const char* from, std::uint64_t keep, Sums& sums) {
  const Bytes a = load(from), b = load(from + 32);
  const std::uint64_t letters = bits(letters_of(a), letters_of(b));
  const std::uint64_t digits = bits(within(a, '0', '9'), within(b, '0', '9'));
  // All that is no gap: bytes of 80 and more are negative.
  const std::uint64_t solid =
      bits(_mm256_cmpgt_epi8(a, fill(0x20)), _mm256_cmpgt_epi8(b, fill(0x20)));
  // Bit 5, which only small letters have, moved to where a mask is taken from.
  const std::uint64_t small = letters & bits(_mm256_slli_epi16(a, 2), _mm256_slli_epi16(b, 2));
  const std::uint64_t next_letters = next(letters), next_digits = next(digits),
                      next_solid = next(solid);
  sums.letters += count_of(next_letters & keep);
  sums.digits += count_of(next_digits & keep);
  sums.solid += count_of(next_solid & keep);
  sums.runs += count_of(((next_letters & ~letters) | (solid & ~next_solid)) & keep);
  sums.breaks += count_of(((next_digits & ~digits) | (next(letters ^ small) & small)) & keep);
  const std::uint64_t slashes =
      bits(_mm256_cmpeq_epi8(a, fill('\\')), _mm256_cmpeq_epi8(b, fill('\\')));
  if (slashes != 0) {
    const std::uint64_t us = bits(_mm256_cmpeq_epi8(a, fill('u')), _mm256_cmpeq_epi8(b, fill('u')));
    sums.escapes += count_of(next(slashes) & keep);
    sums.unicode_escapes |= us & slashes << 1;
  }
  if (const std::uint64_t high = bits(a, b); high != 0) {
    const std::uint64_t following =
        bits(_mm256_cmpgt_epi8(fill(0xC0), a), _mm256_cmpgt_epi8(fill(0xC0), b));
    const std::uint64_t below_e3 =
        bits(_mm256_cmpgt_epi8(fill(0xE3), a), _mm256_cmpgt_epi8(fill(0xE3), b));
    sums.high += count_of(next(high) & keep);
    sums.lead += count_of(next(high & ~following) & keep);
    sums.cjk += count_of(next(high & ~below_e3) & keep);
  }
}

}  // namespace

[[gnu::target("avx2,bmi,bmi2,popcnt")]] bool count_with_avx2(const char* text, std::size_t size,
                                                             ByteClasses& classes) {
  if (size == 0) return false;  // it may have no place
  // Before the text, and behind a short one, stands punctuation, which is not counted here.
  char first[kWindow];
  if (size < kStep) {
    std::memset(first, '!', sizeof first);
    std::memcpy(first + 1, text, size);
  } else {
    first[0] = '!';
    std::memcpy(first + 1, text, kStep);
  }
  // Places of windows; all but the first begin a byte before.
  const std::size_t last = size > kStep ? size - kStep : 0;
  std::size_t at = 0;
  const char* window = first;
  std::uint64_t keep = kCounted;
  Sums sums;
  for (;;) {
    count_window(window, keep, sums);
    at += kStep;
    if (at > last) {  // of the window at the text's end those bytes that are left
      if (at - last == kStep) break;
      keep = kCounted & kAll << (at - last);
      at = last;
    }
    window = text + at - 1;
  }
  const std::uint64_t spaces = std::max(size, kStep) - sums.solid - sums.high;
  classes.letters += sums.letters;
  classes.runs += sums.runs;
  classes.digits += sums.digits;
  classes.breaks += sums.breaks;
  classes.spaces += spaces;
  classes.punctuation += size - sums.letters - sums.digits - spaces - sums.escapes - sums.high;
  classes.escapes += sums.escapes;
  classes.cjk += sums.cjk;
  classes.other_lead += sums.lead - sums.cjk;
  return sums.unicode_escapes != 0;
}
#endif

}  // namespace tidegate::protocol
