#include "protocol/content_pattern.h"

#include <bit>
#include <cstring>

#include "base/text.h"

namespace tidegate::protocol {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;
static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest");

// Marks bytes that are quotes, backslashes or control characters with their high bit. Exact up to
// and including the first one, which is all that is asked of it.
std::uint64_t special_bytes(std::uint64_t word) {
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  const std::uint64_t found = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                              ((word - kOnes * 0x20) & ~word);
  return found & kHighs;
}

bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

// Where the string whose contents `text` begins with is closed; npos when the parser must decide.
std::size_t closing_quote(std::string_view text) {
  std::size_t at = 0;
  std::uint64_t high_bits = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      high_bits |= word;
      const std::uint64_t special = special_bytes(word);
      if (special == 0) {
        at += 8;
        continue;
      }
      at += static_cast<std::size_t>(std::countr_zero(special)) / 8;
    } else if (!is_special(text[at])) {
      high_bits |= static_cast<unsigned char>(text[at++]);
      continue;
    }
    if (text[at] == '"') {
      const bool ascii = (high_bits & kHighs) == 0;
      return ascii || is_valid_utf8(text.substr(0, at)) ? at : std::string_view::npos;
    }
    if (text[at] != '\\' || at + 1 >= text.size() ||
        static_cast<unsigned char>(text[at + 1]) < 0x20)
      return std::string_view::npos;
    high_bits |= static_cast<unsigned char>(text[at + 1]);
    at += 2;
  }
  return std::string_view::npos;
}

}  // namespace

void ContentPattern::learn(std::string_view event, std::string_view text,
                           std::string_view padding) {
  const auto place = [&](std::string_view part) {
    return static_cast<std::size_t>(part.data() - event.data());
  };
  const bool two = padding.data() != nullptr;
  text_is_first_ = !two || text.data() < padding.data();
  const std::string_view a = text_is_first_ ? text : padding;
  const std::string_view b = text_is_first_ ? padding : text;

  fixed_.clear();
  first_ = second_ = 0;
  if (event.size() - text.size() - padding.size() > kMaxFixedBytes) return;
  fixed_.append(event.substr(0, place(a)));
  first_ = static_cast<std::uint32_t>(fixed_.size());
  std::size_t rest = place(a) + a.size();
  if (two) {
    fixed_.append(event.substr(rest, place(b) - rest));
    second_ = static_cast<std::uint32_t>(fixed_.size());
    rest = place(b) + b.size();
  }
  fixed_.append(event.substr(rest));
}

bool ContentPattern::matches(std::string_view event) const {
  const std::string_view fixed = fixed_;
  if (fixed.empty() || !event.starts_with(fixed.substr(0, first_))) return false;
  event.remove_prefix(first_);
  const std::size_t a = closing_quote(event);
  if (a == std::string_view::npos || (a == 0 && text_is_first_)) return false;
  event.remove_prefix(a);
  if (second_ == 0) return event == fixed.substr(first_);

  const std::string_view between = fixed.substr(first_, second_ - first_);
  if (!event.starts_with(between)) return false;
  event.remove_prefix(between.size());
  const std::size_t b = closing_quote(event);
  if (b == std::string_view::npos || (b == 0 && !text_is_first_)) return false;
  return event.substr(b) == fixed.substr(second_);
}

}  // namespace tidegate::protocol
