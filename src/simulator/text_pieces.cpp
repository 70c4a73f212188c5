#include "simulator/text_pieces.h"

#include <array>

#include "base/hash.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kMaxPiece = 12;

constexpr std::array<std::string_view, 16> kWords{
    " the",   " tide",  " rises", " and",   " falls", " while", " every", " boat",
    " waits", " until", " water", " opens", " its",   " gate",  " again", " slowly"};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

std::vector<std::string> split_pieces(std::string_view text) {
  std::vector<std::string> pieces;
  for (const char c : text) {
    const bool joins =
        !pieces.empty() && (is_continuation(c) ||
                            (is_ascii(c) && c != ' ' && c != '\n' &&
                             is_ascii(pieces.back().back()) && pieces.back().size() < kMaxPiece));
    if (!joins) pieces.emplace_back();
    pieces.back().push_back(c);
  }
  return pieces;
}

std::vector<std::string> filler(std::size_t count, std::uint64_t seed) {
  std::vector<std::string> pieces;
  pieces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    seed = hash_bytes("filler", seed);
    pieces.emplace_back(kWords[seed % kWords.size()]);
  }
  return pieces;
}

std::string join(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

std::string_view first_bytes(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && is_continuation(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

}  // namespace tidegate::simulator
