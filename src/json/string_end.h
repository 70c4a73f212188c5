// Finds where a JSON string ends, 64 bytes at a time. Used by the Reader. Pure functions, any
// thread.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tidegate::json {

// The first unescaped quote or bare control character from `at` on, `end` if there is neither.
// Nothing from `end` on is read.
const char* find_string_end(const char* at, const char* end);
// What processors without AVX2 run.
const char* find_string_end_portably(const char* at, const char* end);

// The same, without a call where the string is short.
inline const char* string_end(const char* at, const char* end) {
#if defined(__x86_64__)
  const char* from = at;
  for (int i = 0; i < 2 && end - from >= 16; ++i, from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                         _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(special, control)));
    if (mask == 0) continue;
    if (from[__builtin_ctz(mask)] == '"') return from + __builtin_ctz(mask);
    break;
  }
#endif
  return find_string_end(at, end);
}

}  // namespace tidegate::json
