#include "workload/signal_places.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidegate::workload {
namespace {

// Two neighbouring bytes are worth a look if they share a bit of the roles that their values play.
enum Clue : std::uint8_t {
  kPlMi = 1,
  kAr = 2,
  kDe = 4,
  kReRo = 8,
  kSt = 16,
  kTr = 32,
  kMark = 64,  // ". " and ") " after a number, ".cpp", "\u"
  kHan = 128,
};
constexpr unsigned kWord = kPlMi | kAr | kDe | kReRo | kSt | kTr;

struct Roles {
  std::array<std::uint8_t, 256> here{}, after{};
};

constexpr bool is_letter(int byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

constexpr Roles make_roles() {
  Roles roles;
  const auto mark = [](std::array<std::uint8_t, 256>& role, std::string_view bytes, unsigned clue) {
    for (const char c : bytes) {
      const std::size_t byte = static_cast<unsigned char>(c);
      for (const std::size_t i : {byte, is_letter(static_cast<int>(byte)) ? byte ^ 0x20u : byte}) {
        role[i] = static_cast<std::uint8_t>(role[i] | clue);
      }
    }
  };
  const auto pair = [&](std::string_view here, std::string_view after, unsigned clue) {
    mark(roles.here, here, clue);
    mark(roles.after, after, clue);
  };
  pair("pm", "li", kPlMi);
  pair("a", "r", kAr);
  pair("d", "e", kDe);
  pair("r", "eo", kReRo);
  pair("s", "t", kSt);
  pair("t", "r", kTr);
  pair(".)\\", " abcdefghijklmnopqrstuvwxyz", kMark);
  // First and second bytes of 方 架, 规 规 计 设 設 計 路 迁, 重 遷.
  pair("\xE6\xE8\xE9", "\x81\x87\x96\x9E\xA6\xA7\xA8\xAE\xB7\xBF", kHan);
  return roles;
}
constexpr Roles kRoles = make_roles();

std::uint8_t at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
}

#if defined(__x86_64__)

// For words the low four bits of two letters decide: p and m, q and a, ... are told apart later.
struct LowBits {
  alignas(32) std::array<std::uint8_t, 32> here{}, after{};
};
constexpr LowBits make_low_bits() {
  LowBits low;
  for (std::size_t byte = 'a'; byte <= 'z'; ++byte) {
    for (const std::size_t lane : {byte % 16, byte % 16 + 16}) {
      low.here[lane] = static_cast<std::uint8_t>(low.here[lane] | (kRoles.here[byte] & kWord));
      low.after[lane] = static_cast<std::uint8_t>(low.after[lane] | (kRoles.after[byte] & kWord));
    }
  }
  return low;
}
constexpr LowBits kLowBits = make_low_bits();

using Bytes = __m256i;
#define TIDEGATE_AVX2 [[gnu::target("avx2,bmi,bmi2"), gnu::always_inline]] inline

TIDEGATE_AVX2 Bytes fill(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
TIDEGATE_AVX2 std::uint64_t bits(Bytes a, Bytes b) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(a)) |
         std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(b))} << 32;
}
TIDEGATE_AVX2 Bytes load(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const Bytes*>(from));
}
TIDEGATE_AVX2 Bytes letters(Bytes bytes) {
  // Signed: 'a' to 'z' become the 26 largest values.
  const Bytes moved = _mm256_add_epi8(_mm256_or_si256(bytes, fill(0x20)), fill(127 - 'z'));
  return _mm256_cmpgt_epi8(moved, fill(127 - 26));
}
TIDEGATE_AVX2 Bytes no_pair(Bytes here, Bytes after) {
  const Bytes a = _mm256_shuffle_epi8(load(reinterpret_cast<const char*>(&kLowBits.here)), here);
  const Bytes b = _mm256_shuffle_epi8(load(reinterpret_cast<const char*>(&kLowBits.after)), after);
  return _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
}

// What a block hands to the next one.
struct Carry {
  std::uint64_t letters = 0;    // bit 0: the block's first byte is a letter
  std::uint64_t backslash = 0;  // bits 0 and 1: two bytes before the block's first two
  std::uint64_t word = 0;       // bit 0: the byte before the block is a letter
};

// 64 bytes from `from`, and the byte after them.
TIDEGATE_AVX2 std::uint64_t mark_block(const char* from, Carry& carry) {
  const Bytes a = load(from), b = load(from + 32);
  const Bytes next_a = load(from + 1), next_b = load(from + 33);

  const std::uint64_t next_letters = bits(letters(next_a), letters(next_b));
  const std::uint64_t here_letters = next_letters << 1 | carry.letters;
  const std::uint64_t before_letters = here_letters << 1 | carry.word;
  const std::uint64_t backslashes =
      bits(_mm256_cmpeq_epi8(a, fill('\\')), _mm256_cmpeq_epi8(b, fill('\\')));
  // "\nplan": the letter of an escape may stand before a word, too.
  const std::uint64_t begins = ~before_letters | backslashes << 2 | carry.backslash;
  const std::uint64_t no_pairs = bits(no_pair(a, next_a), no_pair(b, next_b));
  std::uint64_t marks = here_letters & next_letters & begins & ~no_pairs;

  const std::uint64_t points =
      bits(_mm256_or_si256(_mm256_cmpeq_epi8(a, fill('.')), _mm256_cmpeq_epi8(a, fill(')'))),
           _mm256_or_si256(_mm256_cmpeq_epi8(b, fill('.')), _mm256_cmpeq_epi8(b, fill(')'))));
  if ((points | backslashes) != 0) {
    const std::uint64_t next_spaces =
        bits(_mm256_cmpeq_epi8(next_a, fill(' ')), _mm256_cmpeq_epi8(next_b, fill(' ')));
    const std::uint64_t next_u =
        bits(_mm256_cmpeq_epi8(next_a, fill('u')), _mm256_cmpeq_epi8(next_b, fill('u')));
    marks |= (points & (next_letters | next_spaces)) | (backslashes & next_u);
  }
  carry.letters = next_letters >> 63;
  carry.word = here_letters >> 63;
  carry.backslash = backslashes >> 62;

  // Bytes of E6 and more: the Chinese words.
  if (const Bytes high = _mm256_subs_epu8(_mm256_max_epu8(a, b), fill(0xE5));
      !_mm256_testz_si256(high, high)) {
    std::uint64_t leads = bits(_mm256_cmpeq_epi8(_mm256_max_epu8(a, fill(0xE6)), a),
                               _mm256_cmpeq_epi8(_mm256_max_epu8(b, fill(0xE6)), b));
    for (; leads != 0; leads &= leads - 1) {
      const char* lead = from + __builtin_ctzll(leads);
      if ((kRoles.here[static_cast<std::uint8_t>(lead[0])] &
           kRoles.after[static_cast<std::uint8_t>(lead[1])] & kHan) != 0) {
        marks |= leads & (~leads + 1);
      }
    }
  }
  return marks;
}

[[gnu::target("avx2,bmi,bmi2")]] void mark_with_avx2(std::string_view text,
                                                     std::span<std::uint64_t> marks) {
  Carry carry;
  carry.letters = is_letter(at(text, 0)) ? 1 : 0;
  std::size_t block = 0;
  for (; (block + 1) * 64 < text.size(); ++block) {
    marks[block] = mark_block(text.data() + block * 64, carry);
  }
  if (const std::size_t rest = text.size() - block * 64; rest > 0) {
    char tail[65] = {};
    std::memcpy(tail, text.data() + block * 64, rest);
    marks[block] = mark_block(tail, carry);
  }
}

void (*const mark)(std::string_view,
                   std::span<std::uint64_t>) = __builtin_cpu_supports("avx2") &&
                                                       __builtin_cpu_supports("bmi2")
                                                   ? mark_with_avx2
                                                   : mark_places_portably;
#else
constexpr auto* mark = mark_places_portably;
#endif

}  // namespace

void mark_places(std::string_view text, std::span<std::uint64_t> marks) { mark(text, marks); }

void mark_places_portably(std::string_view text, std::span<std::uint64_t> marks) {
  std::fill(marks.begin(), marks.end(), 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned clues = kRoles.here[at(text, i)] & kRoles.after[at(text, i + 1)];
    if (clues == 0) continue;
    const bool within_word = i > 0 && is_letter(at(text, i - 1)) && (i < 2 || text[i - 2] != '\\');
    if ((clues & ~kWord) != 0 || !within_word) marks[i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

}  // namespace tidegate::workload
