#include "json/string_end.h"

#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidegate::json {

const char* find_string_end_portably(const char* at, const char* end) {
  for (; at < end; ++at) {
    if (*at == '"' || static_cast<unsigned char>(*at) < 0x20) return at;
    // What is escaped cannot end the string, but a control character may not be escaped so.
    if (*at == '\\' && at + 1 < end && static_cast<unsigned char>(at[1]) >= 0x20) ++at;
  }
  return end;
}

#if defined(__x86_64__)
namespace {

using Bytes = __m256i;
#define TIDEGATE_AVX2 [[gnu::target("avx2,bmi"), gnu::always_inline]] inline

TIDEGATE_AVX2 std::uint64_t bits(Bytes a, Bytes b) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(a)) |
         std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(b))} << 32;
}
TIDEGATE_AVX2 std::uint64_t equal(Bytes a, Bytes b, char c) {
  const Bytes wanted = _mm256_set1_epi8(c);
  return bits(_mm256_cmpeq_epi8(a, wanted), _mm256_cmpeq_epi8(b, wanted));
}

// The quotes and control characters of 64 bytes at which the string ends. `escaped` carries on
// whether the next block's first byte is escaped. Without branches: escapes come irregularly.
TIDEGATE_AVX2 std::uint64_t ends_in_block(const char* from, std::uint64_t& escaped) {
  const Bytes a = _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from));
  const Bytes b = _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from + 32));
  const std::uint64_t quotes = equal(a, b, '"');
  const Bytes most = _mm256_set1_epi8(0x1F);
  const std::uint64_t controls = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(a, most), a),
                                      _mm256_cmpeq_epi8(_mm256_min_epu8(b, most), b));
  // Of each run of backslashes every second one escapes; an addition carries over the runs that
  // begin at odd places (simdjson, "Parsing Gigabytes of JSON per Second", section 3.1.1).
  constexpr std::uint64_t kEven = 0x5555555555555555;
  const std::uint64_t backslashes = equal(a, b, '\\') & ~escaped;
  const std::uint64_t follows = backslashes << 1 | escaped;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
  unsigned long long runs = 0;
  escaped = __builtin_uaddll_overflow(odd_starts, backslashes, &runs) ? 1 : 0;
  return (quotes & ~((kEven ^ runs << 1) & follows)) | controls;
}

// Whether 64 bytes have neither quote nor backslash nor control character.
TIDEGATE_AVX2 bool is_plain(const char* from) {
  const Bytes quote = _mm256_set1_epi8('"');
  const Bytes backslash = _mm256_set1_epi8('\\');
  const Bytes a = _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from));
  const Bytes b = _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from + 32));
  const Bytes least = _mm256_min_epu8(a, b);
  const Bytes control = _mm256_cmpeq_epi8(_mm256_min_epu8(least, _mm256_set1_epi8(0x1F)), least);
  const Bytes quotes = _mm256_or_si256(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote));
  const Bytes slashes =
      _mm256_or_si256(_mm256_cmpeq_epi8(a, backslash), _mm256_cmpeq_epi8(b, backslash));
  const Bytes any = _mm256_or_si256(control, _mm256_or_si256(quotes, slashes));
  return _mm256_movemask_epi8(any) == 0;
}

[[gnu::target("avx2,bmi")]] const char* find_with_avx2(const char* at, const char* end) {
  // A string that has escapes has them everywhere; from the first one on they cost no branch.
  while (end - at >= 64 && is_plain(at)) at += 64;
  std::uint64_t escaped = 0;
  for (; end - at >= 64; at += 64) {
    const std::uint64_t ends = ends_in_block(at, escaped);
    if (ends != 0) return at + __builtin_ctzll(ends);
  }
  if (at == end) return end;
  char tail[64] = {};
  const auto size = static_cast<std::size_t>(end - at);
  std::memcpy(tail, at, size);
  // The first byte after the text is a control character.
  return at + __builtin_ctzll(ends_in_block(tail, escaped));
}

const char* (*const find)(const char*, const char*) = __builtin_cpu_supports("avx2") &&
                                                              __builtin_cpu_supports("bmi")
                                                          ? find_with_avx2
                                                          : find_string_end_portably;

}  // namespace

const char* find_string_end(const char* at, const char* end) { return find(at, end); }
#else
const char* find_string_end(const char* at, const char* end) {
  return find_string_end_portably(at, end);
}
#endif

}  // namespace tidegate::json
