#include "protocol/byte_classes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace tidegate::protocol {
namespace {

// What one vectorised pass counts; the punctuation is what remains.
struct Counts {
  std::uint64_t letters = 0, words = 0, digits = 0, spaces = 0, escapes = 0, cjk = 0, lead = 0;
  std::uint64_t high = 0;             // bytes of multi-byte characters
  std::uint64_t unicode_escapes = 0;  // "\u", also the end of an escaped backslash before a u
};

// Vectors of GCC and clang: they become whatever the function's target offers. The blocks are in
// one always-inlined function, so that each target gets its own copy.
template <std::size_t N>
struct Lanes {
  using Bytes [[gnu::vector_size(N)]] = std::uint8_t;
  using Words [[gnu::vector_size(N)]] = std::uint64_t;
};

template <std::size_t N>
[[gnu::always_inline]] inline std::uint64_t sum(const typename Lanes<N>::Bytes& bytes) {
  using Words = typename Lanes<N>::Words;
  Words words;
  std::memcpy(&words, &bytes, N);
  words = (words & 0x00FF00FF00FF00FFU) + ((words >> 8) & 0x00FF00FF00FF00FFU);
  words = (words & 0x0000FFFF0000FFFFU) + ((words >> 16) & 0x0000FFFF0000FFFFU);
  words = (words & 0x00000000FFFFFFFFU) + (words >> 32);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < N / 8; ++i) total += words[i];
  return total;
}

template <std::size_t N>
[[gnu::always_inline]] inline Counts count_blocks(const char* at, std::size_t size) {
  using Bytes = typename Lanes<N>::Bytes;
  constexpr std::size_t kMost = 255;  // blocks until a lane of eight bits is full
  Counts counts;
  char tail[N + 1];
  bool in_tail = false;
  while (size > 0) {
    Bytes letters{}, words{}, digits{}, spaces{}, escapes{}, cjk{}, lead{}, high{}, unicode{};
    std::size_t blocks = std::min(size / N, kMost);
    if (blocks == 0) {
      // Bytes of 80 belong to no class but `high`.
      std::memset(tail, 0x80, sizeof(tail));
      std::memcpy(tail, at, size);
      counts.high -= N - size;
      at = tail;
      in_tail = true;
      blocks = 1;
    }
    for (std::size_t i = 0; i < blocks; ++i, at += N) {
      Bytes c, next;
      std::memcpy(&c, at, N);
      std::memcpy(&next, at + 1, N);
      // A true comparison is -1 in its lane.
      const Bytes letter = (((c | 0x20) - 'a') <= 25);
      letters -= letter;
      words -= letter & (((next | 0x20) - 'a') > 25);  // a word's last letter
      digits -= ((c - '0') <= 9);
      spaces -= (c <= 0x20);
      const Bytes backslash = (c == '\\');
      escapes -= backslash;
      unicode -= backslash & (next == 'u');
      cjk -= ((c - 0xE3) <= 0xED - 0xE3);
      lead -= (c >= 0xC0);
      high -= (c >= 0x80);
    }
    counts.letters += sum<N>(letters);
    counts.words += sum<N>(words);
    counts.digits += sum<N>(digits);
    counts.spaces += sum<N>(spaces);
    counts.escapes += sum<N>(escapes);
    counts.unicode_escapes += sum<N>(unicode);
    counts.cjk += sum<N>(cjk);
    counts.lead += sum<N>(lead);
    counts.high += sum<N>(high);
    if (in_tail) break;
    size -= blocks * N;
  }
  return counts;
}

Counts count_baseline(const char* at, std::size_t size) { return count_blocks<16>(at, size); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] Counts count_avx2(const char* at, std::size_t size) {
  return count_blocks<32>(at, size);
}
Counts (*const count)(const char*, std::size_t) = __builtin_cpu_supports("avx2") ? count_avx2
                                                                                 : count_baseline;
#else
constexpr auto* count = count_baseline;
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
void recount_unicode_escapes(std::string_view text, Counts& counts) {
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
      if (is_letter(text[i]) && !is_letter(text.data()[i + 1])) --counts.words;
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
  Counts counts = count(text.data(), text.size());
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
