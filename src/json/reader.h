// Reader: walks a JSON text once, front to back, and checks the grammar as it goes.
// Used by the dialects to pick the fields they need and skip the rest. One per text, on the stack.
//
// Every step returns false once the text is malformed; error() then says what and where. Callbacks
// return false to stop the walk for a reason of their own. Strings are given raw: as between the
// quotes, escapes undone by unescape() only where somebody needs them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/checked_text.h"
#include "json/string_end.h"

namespace tidegate::json {

// Deeper texts are refused. Skipped values keep their open containers in the bits of one word.
inline constexpr unsigned kMaxDepth = 64;

enum class Kind : std::uint8_t { end, object, array, string, number, boolean, null, other };

// What a value is, by its first byte.
inline constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds;
  kinds.fill(Kind::other);
  for (std::size_t digit = '0'; digit <= '9'; ++digit) kinds[digit] = Kind::number;
  kinds['-'] = Kind::number;
  kinds['{'] = Kind::object;
  kinds['['] = Kind::array;
  kinds['"'] = Kind::string;
  kinds['t'] = kinds['f'] = Kind::boolean;
  kinds['n'] = Kind::null;
  return kinds;
}();

class Reader {
 public:
  explicit Reader(const CheckedText& checked)
      : text_(checked.text.data()), at_(text_), end_(text_ + checked.text.size()) {
    skip_space();
  }

  // What the next value is, by its first byte.
  [[nodiscard]] Kind kind() const {
    return at_ == end_ ? Kind::end : kKinds[static_cast<unsigned char>(*at_)];
  }
  // Where the next token begins; the text's size at the end.
  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - text_); }
  // Where the token before it ended.
  [[nodiscard]] std::uint32_t last_end() const {
    std::uint32_t end = offset();
    while (end > 0 && is_space(text_[end - 1])) --end;
    return end;
  }

  // Calls on_member(key) for each member; the callback must consume the value. A key is raw.
  template <class OnMember>
  [[nodiscard]] bool object(OnMember&& on_member) {
    if (!open('{', "expected an object")) return false;
    if (peek() == '}') return close();
    for (;;) {
      std::string_view key;
      if (!this->key(key) || !on_member(key)) return false;
      if (const char c = peek(); c == '}')
        return close();
      else if (c != ',')
        return malformed("expected ',' or '}' after a member");
      step();
    }
  }

  // Calls on_element() for each element; the callback must consume it.
  template <class OnElement>
  [[nodiscard]] bool array(OnElement&& on_element) {
    if (!open('[', "expected an array")) return false;
    if (peek() == ']') return close();
    for (;;) {
      if (!on_element()) return false;
      if (const char c = peek(); c == ']')
        return close();
      else if (c != ',')
        return malformed("expected ',' or ']' after an element");
      step();
    }
  }

  [[nodiscard]] bool string(std::string_view& raw) {
    if (peek() != '"') return malformed("expected a string");
    const char* begin = at_ + 1;
    const char* end = string_end(begin, end_);
    if (end == end_ || *end != '"') return string_fault(end);
    raw = {begin, static_cast<std::size_t>(end - begin)};
    at_ = end + 1;
    skip_space();
    return true;
  }

  // A number, true, false or null, as it is written.
  [[nodiscard]] bool scalar(std::string_view& raw);

  // Any value, its whole grammar checked but for the escapes in its strings.
  [[nodiscard]] bool skip();

  // Passes over the next `size` bytes, which the caller knows to be one valid value.
  void pass(std::size_t size) {
    at_ += size;
    skip_space();
  }

  // True when nothing follows.
  [[nodiscard]] bool finish() {
    return at_ == end_ || malformed("expected nothing after the top-level value");
  }

  // What was malformed; only after a step returned false and no callback was the reason.
  [[nodiscard]] bool is_malformed() const { return what_ != nullptr; }
  [[nodiscard]] Error error() const;

 private:
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  void step() {
    ++at_;
    skip_space();
  }
  void skip_space() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  static bool is_space(char c) {
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
  }
  bool string_fault(const char* end);
  bool malformed(const char* what) {
    if (what_ == nullptr) what_ = what;
    return false;
  }
  bool open(char bracket, const char* what) {
    if (peek() != bracket) return malformed(what);
    if (++depth_ > kMaxDepth) return malformed("nested deeper than 64 levels");
    step();
    return true;
  }
  bool close() {
    step();
    --depth_;
    return true;
  }
  bool key(std::string_view& raw) {
    if (peek() != '"') return malformed("expected a key in quotes");
    if (!string(raw)) return false;
    if (peek() != ':') return malformed("expected ':' after a key");
    step();
    return true;
  }

  const char* text_;
  const char* at_;  // the next token, or the end
  const char* end_;
  unsigned depth_ = 0;
  const char* what_ = nullptr;
};

}  // namespace tidegate::json
