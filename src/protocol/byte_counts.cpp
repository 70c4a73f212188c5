#include "protocol/byte_counts.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidegate::protocol {

ByteCounts count_portably(const char* text, std::size_t size) {
  ByteCounts counts;
  bool in_word = false;
  bool escaped = false;
  for (std::size_t i = 0; i < size; ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const bool letter = static_cast<std::uint8_t>((c | 0x20) - 'a') < 26;
    counts.letters += letter;
    counts.words += letter && !in_word;
    counts.digits += static_cast<std::uint8_t>(c - '0') < 10;
    counts.spaces += c <= 0x20;
    counts.escapes += c == '\\';
    counts.unicode_escapes += escaped && c == 'u';
    counts.cjk += c >= 0xE3 && c <= 0xED;
    counts.lead += c >= 0xC0;
    counts.high += c >= 0x80;
    in_word = letter;
    escaped = c == '\\';
  }
  return counts;
}

#if defined(__x86_64__)
namespace {

using Bytes = __m256i;
#define TIDEGATE_AVX2 [[gnu::target("avx2,bmi,popcnt"), gnu::always_inline]] inline

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
TIDEGATE_AVX2 std::uint64_t sum(Bytes lanes) {
  const Bytes four = _mm256_sad_epu8(lanes, _mm256_setzero_si256());
  const __m128i two =
      _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
}

struct Lanes {
  Bytes digits;
  Bytes low;  // spaces, and all bytes of 80 and more
  Bytes escapes;
  Bytes following;  // bytes 80..BF, which do not lead a character
  Bytes cjk;
};

TIDEGATE_AVX2 std::uint64_t count_of(std::uint64_t mask) {
  return static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
}

// A true comparison is -1 in its lane.
TIDEGATE_AVX2 void subtract(Bytes& lanes, Bytes a, Bytes b) {
  lanes = _mm256_sub_epi8(lanes, _mm256_add_epi8(a, b));
}

struct Block {
  std::uint64_t letter_before = 0, backslash_before = 0;  // bit 0

  TIDEGATE_AVX2 void count(const char* from, Lanes& lanes, ByteCounts& counts) {
    const Bytes a = load(from), b = load(from + 32);
    const std::uint64_t letters = bits(letters_of(a), letters_of(b));
    counts.letters += count_of(letters);
    counts.words += count_of(letters & ~(letters << 1 | letter_before));
    letter_before = letters >> 63;
    subtract(lanes.digits, within(a, '0', '9'), within(b, '0', '9'));
    subtract(lanes.low, _mm256_cmpgt_epi8(fill(0x21), a), _mm256_cmpgt_epi8(fill(0x21), b));
    const Bytes slash_a = _mm256_cmpeq_epi8(a, fill('\\'));
    const Bytes slash_b = _mm256_cmpeq_epi8(b, fill('\\'));
    const Bytes slash = _mm256_or_si256(slash_a, slash_b);
    if ((_mm256_movemask_epi8(slash) | static_cast<int>(backslash_before)) != 0) {
      subtract(lanes.escapes, slash_a, slash_b);
      const std::uint64_t slashes = bits(slash_a, slash_b);
      const std::uint64_t us =
          bits(_mm256_cmpeq_epi8(a, fill('u')), _mm256_cmpeq_epi8(b, fill('u')));
      const std::uint64_t found = us & (slashes << 1 | backslash_before);
      counts.unicode_escapes += count_of(found);
      backslash_before = slashes >> 63;
    }
    if (const std::uint64_t high = bits(a, b); high != 0) {
      counts.high += count_of(high);
      subtract(lanes.following, _mm256_cmpgt_epi8(fill(0xC0), a), _mm256_cmpgt_epi8(fill(0xC0), b));
      subtract(lanes.cjk, within(a, 0xE3, 0xED), within(b, 0xE3, 0xED));
    }
  }
};

}  // namespace

[[gnu::target("avx2,bmi,popcnt")]] ByteCounts count_with_avx2(const char* text, std::size_t size) {
  constexpr std::size_t kMost = 126;  // blocks until a lane of eight bits is full, but for a tail
  ByteCounts counts;
  Block block;
  while (size > 0) {
    Lanes lanes{};
    std::size_t blocks = std::min(size / 64, kMost);
    size -= blocks * 64;
    for (; blocks > 0; --blocks, text += 64) block.count(text, lanes, counts);
    if (size > 0 && size < 64) {
      // Punctuation is what is not counted here.
      char tail[64];
      std::memset(tail, '!', sizeof tail);
      std::memcpy(tail, text, size);
      block.count(tail, lanes, counts);
      size = 0;
    }
    counts.digits += sum(lanes.digits);
    counts.spaces += sum(lanes.low);
    counts.escapes += sum(lanes.escapes);
    counts.cjk += sum(lanes.cjk);
    counts.lead -= sum(lanes.following);
  }
  counts.spaces -= counts.high;
  counts.lead += counts.high;
  return counts;
}
#endif

}  // namespace tidegate::protocol
