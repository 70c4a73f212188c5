#include "json/ascii.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidegate::json {

std::size_t ascii_prefix_portably(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  std::uint64_t words[4];
  std::size_t at = 0;
  for (; text.size() - at >= sizeof words; at += sizeof words) {
    std::memcpy(words, text.data() + at, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHigh) != 0) break;
  }
  return at;
}

#if defined(__x86_64__)
namespace {

constexpr std::size_t kBlock = 128;

[[gnu::target("avx2"), gnu::always_inline]] inline bool is_ascii(const char* block) {
  using Bytes = __m256i;
  const auto* from = reinterpret_cast<const Bytes*>(block);
  const Bytes low = _mm256_or_si256(_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1));
  const Bytes top = _mm256_or_si256(_mm256_loadu_si256(from + 2), _mm256_loadu_si256(from + 3));
  return _mm256_movemask_epi8(_mm256_or_si256(low, top)) == 0;
}

[[gnu::target("avx2")]] std::size_t ascii_prefix_with_avx2(std::string_view text) {
  if (text.size() < kBlock) return 0;
  const char* at = text.data();
  const char* const last = at + text.size() - kBlock;
  while (at <= last && is_ascii(at)) at += kBlock;
  if (at > last && is_ascii(last)) return text.size();
  return static_cast<std::size_t>(at - text.data());
}

std::size_t (*const find)(std::string_view) = __builtin_cpu_supports("avx2")
                                                  ? ascii_prefix_with_avx2
                                                  : ascii_prefix_portably;

}  // namespace

std::size_t ascii_prefix(std::string_view text) { return find(text); }
#else
std::size_t ascii_prefix(std::string_view text) { return ascii_prefix_portably(text); }
#endif

}  // namespace tidegate::json
