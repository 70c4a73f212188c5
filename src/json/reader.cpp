#include "json/reader.h"

#include <fmt/format.h>

#include <array>

namespace tidegate::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<bool, 256> kEndsScalar = [] {
  std::array<bool, 256> ends{};
  for (const char end : {' ', '\t', '\n', '\r', ',', ':', '{', '}', '[', ']', '"'}) {
    ends[static_cast<unsigned char>(end)] = true;
  }
  return ends;
}();

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

bool Reader::string_fault(const char* end) {
  if (end == end_) return malformed("the string that begins here is not closed");
  at_ = end;  // the error's place
  return malformed("a control character in a string must be escaped");
}

bool Reader::scalar(std::string_view& raw) {
  if (at_ == end_) return malformed("the text ends where a value was expected");
  const char* end = at_;
  // A whole number, as nearly all are.
  while (end != end_ && is_digit(*end)) ++end;
  const bool whole = end != at_ && (*at_ != '0' || end == at_ + 1);
  const bool ended = end == end_ || kEndsScalar[static_cast<unsigned char>(*end)];
  if (whole && ended) {
    raw = {at_, static_cast<std::size_t>(end - at_)};
    at_ = end;
    skip_space();
    return true;
  }
  while (end != end_ && !kEndsScalar[static_cast<unsigned char>(*end)]) ++end;
  raw = {at_, static_cast<std::size_t>(end - at_)};
  const bool valid =
      kind() == Kind::number ? is_number(raw) : raw == "true" || raw == "false" || raw == "null";
  if (!valid) return malformed("expected a value");
  at_ = end;
  skip_space();
  return true;
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
      if (!string(raw)) return false;
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
          step();
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
          fmt::format("malformed JSON at {}: {}", describe_place({text_, end_}, offset()),
                      what_ == nullptr ? "unexpected" : what_),
          {}};
}

}  // namespace tidegate::json
