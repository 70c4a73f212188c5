// Reader: walks a tokenised JSON text once, front to back, and checks the grammar as it goes.
// Used by the dialects to pick the fields they need and skip the rest. One per text, on the stack.
//
// Every step returns false once the text is malformed; error() then says what and where. Callbacks
// return false to stop the walk for a reason of their own. Strings are given raw: as between the
// quotes, escapes undone by unescape() only where somebody needs them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/parser.h"

namespace tidegate::json {

// Deeper texts are refused. Skipped values keep their open containers in the bits of one word.
inline constexpr unsigned kMaxDepth = 64;

enum class Kind : std::uint8_t { end, object, array, string, number, boolean, null, other };

class Reader {
 public:
  explicit Reader(const Tokens& tokens)
      : text_(tokens.text.data()),
        size_(static_cast<std::uint32_t>(tokens.text.size())),
        next_(tokens.at),
        end_(tokens.at + tokens.count) {}

  // What the next value is, by its first byte.
  [[nodiscard]] Kind kind() const;
  // Where the next token begins; the text's size at the end.
  [[nodiscard]] std::uint32_t offset() const { return next_ == end_ ? size_ : *next_; }
  // Where the token before it ended.
  [[nodiscard]] std::uint32_t last_end() const { return trimmed(offset()); }

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
      ++next_;
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
      ++next_;
    }
  }

  [[nodiscard]] bool string(std::string_view& raw) {
    if (peek() != '"') return malformed("expected a string");
    const std::uint32_t begin = *next_++ + 1;
    const std::uint32_t end = last_end();
    // What follows a string starts a token of its own, so this is its closing quote.
    if (end <= begin || text_[end - 1] != '"') return malformed("expected a string");
    raw = {text_ + begin, end - 1 - begin};
    return true;
  }

  // A number, true, false or null, as it is written.
  [[nodiscard]] bool scalar(std::string_view& raw);

  // Any value, its whole grammar checked but for the escapes in its strings.
  [[nodiscard]] bool skip();

  // True when nothing follows.
  [[nodiscard]] bool finish() {
    return next_ == end_ || malformed("expected nothing after the top-level value");
  }

  // What was malformed; only after a step returned false and no callback was the reason.
  [[nodiscard]] bool is_malformed() const { return what_ != nullptr; }
  [[nodiscard]] Error error() const;

 private:
  [[nodiscard]] char peek() const { return next_ == end_ ? '\0' : text_[*next_]; }
  [[nodiscard]] std::uint32_t trimmed(std::uint32_t end) const {
    while (end > 0 && is_space(text_[end - 1])) --end;
    return end;
  }
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  bool malformed(const char* what) {
    if (what_ == nullptr) what_ = what;
    return false;
  }
  bool open(char bracket, const char* what) {
    if (peek() != bracket) return malformed(what);
    if (++depth_ > kMaxDepth) return malformed("nested deeper than 64 levels");
    ++next_;
    return true;
  }
  bool close() {
    ++next_;
    --depth_;
    return true;
  }
  bool key(std::string_view& raw) {
    if (peek() != '"') return malformed("expected a key in quotes");
    if (!string(raw)) return false;
    if (peek() != ':') return malformed("expected ':' after a key");
    ++next_;
    return true;
  }

  const char* text_;
  std::uint32_t size_;
  const std::uint32_t* next_;
  const std::uint32_t* end_;
  unsigned depth_ = 0;
  const char* what_ = nullptr;
};

}  // namespace tidegate::json
