#include "json/reader.h"

#include <fmt/format.h>

namespace tidegate::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259, section 6.
bool is_number(std::string_view text) {
  std::size_t i = 0;
  const auto at = [&](char a, char b) { return i < text.size() && (text[i] == a || text[i] == b); };
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i > begin;
  };
  if (at('-', '-')) ++i;
  if (at('0', '0')) {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (at('.', '.')) {
    ++i;
    if (!digits()) return false;
  }
  if (at('e', 'E')) {
    ++i;
    if (at('+', '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

Kind Reader::kind() const {
  switch (const char c = peek()) {
    case '\0':
      return next_ == end_ ? Kind::end : Kind::other;
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      return c == '-' || is_digit(c) ? Kind::number : Kind::other;
  }
}

bool Reader::scalar(std::string_view& raw) {
  if (next_ == end_) return malformed("the text ends where a value was expected");
  const std::uint32_t begin = *next_++;
  raw = {text_ + begin, last_end() - begin};
  if (raw == "true" || raw == "false" || raw == "null" || is_number(raw)) return true;
  --next_;  // the error's place
  return malformed("expected a value");
}

bool Reader::skip() {
  std::uint64_t objects = 0;  // bit 0 tells whether the innermost open container is an object
  unsigned levels = 0;
  for (;;) {
    // Here a value is due.
    std::string_view raw;
    const char c = peek();
    bool opened = false;
    if (c == '"') {
      ++next_;
    } else if (c == '{' || c == '[') {
      if (!open(c, "")) return false;
      objects = (objects << 1) | (c == '{' ? 1U : 0U);
      ++levels;
      opened = peek() != (c == '{' ? '}' : ']');
    } else if (!scalar(raw)) {
      return false;
    }
    // Then its container goes on or ends, and so may those around it.
    if (!opened) {
      for (;;) {
        if (levels == 0) return true;
        const bool in_object = (objects & 1U) != 0;
        const char after = peek();
        if (after == ',') {
          ++next_;
          break;
        }
        if (after != (in_object ? '}' : ']')) {
          return malformed(in_object ? "expected ',' or '}' after a member"
                                     : "expected ',' or ']' after an element");
        }
        close();
        objects >>= 1;
        --levels;
      }
    }
    if ((objects & 1U) != 0) {
      if (!key(raw)) return false;
    }
  }
}

Error Reader::error() const {
  return {ErrorCode::invalid,
          fmt::format("malformed JSON at {}: {}", describe_place({text_, size_}, offset()),
                      what_ == nullptr ? "unexpected" : what_),
          {}};
}

}  // namespace tidegate::json
