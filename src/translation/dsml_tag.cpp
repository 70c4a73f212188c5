#include "translation/dsml_tag.h"

#include <algorithm>

namespace tidegate::translation {
namespace {

constexpr std::uint32_t kBar = 0xFF5C;  // ｜
constexpr std::uint32_t kCut = ~std::uint32_t{0};

struct Character {
  std::uint32_t code = kCut;  // kCut: the text ends within it
  std::size_t size = 0;
};

std::uint32_t simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return static_cast<unsigned char>(c);
  }
}

Character escaped(std::string_view raw) {
  if (raw.size() < 2) return {};
  if (raw[1] != 'u') return {simple_escape(raw[1]), 2};
  if (raw.size() < 6) return {};
  std::uint32_t code = 0;
  for (const char c : raw.substr(2, 4)) {
    const auto lower = static_cast<unsigned char>(c | 0x20);
    const bool digit = c >= '0' && c <= '9';
    const std::uint32_t value = digit ? static_cast<std::uint32_t>(c - '0')
                                      : static_cast<std::uint32_t>(lower - 'a' + 10) & 15U;
    code = code << 4 | value;
  }
  return {code, 6};
}

// The first character of a raw text that is not empty.
Character first(std::string_view raw) {
  const auto byte = static_cast<unsigned char>(raw.front());
  if (byte == '\\') return escaped(raw);
  if (byte < 0xC0) return {byte, 1};
  const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
  if (raw.size() < size) return {};
  std::uint32_t code = byte & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    code = code << 6 | (static_cast<unsigned char>(raw[i]) & 0x3FU);
  return {code, size};
}

bool is_space(std::uint32_t code) {
  return code == ' ' || code == '\n' || code == '\r' || code == '\t';
}
bool is_letter(std::uint32_t code) {
  return (code >= 'a' && code <= 'z') || code == '_' || code == '-';
}

class TagReader {
 public:
  explicit TagReader(std::string_view raw) : raw_(raw) {}

  DsmlTag read() {
    if (!take('<')) return end();
    tag_.closes = take('/');
    if (stop_ || !marker()) return end();
    spaces();
    const std::string_view word = letters();
    if (stop_) return end();
    tag_.kind = kind(word);
    if (tag_.kind == DsmlTag::Kind::none) return {};
    while (!stop_) {
      spaces();
      if (take('>')) {
        tag_.size = at_;
        return tag_;
      }
      if (stop_) break;
      // The opener that lost its end: the next tag follows.
      if (tag_.kind == DsmlTag::Kind::block && peek() == '<') {
        tag_.size = at_;
        return tag_;
      }
      if (stop_ || !attribute()) break;
    }
    return end();
  }

 private:
  [[nodiscard]] static DsmlTag::Kind kind_of_block(std::string_view word) {
    const bool block = word == "tool_calls" || word == "tool-calls" || word == "function_calls" ||
                       word == "function-calls" || word == "calls";
    return block ? DsmlTag::Kind::block : DsmlTag::Kind::none;
  }
  [[nodiscard]] DsmlTag::Kind kind(std::string_view word) const {
    if (word == "invoke") return DsmlTag::Kind::invoke;
    if (word == "parameter") return DsmlTag::Kind::parameter;
    if (word.empty()) return tag_.closes ? DsmlTag::Kind::nameless : DsmlTag::Kind::none;
    return kind_of_block(word);
  }

  DsmlTag end() const {
    DsmlTag none;
    if (stop_ && raw_.size() < kMaxDsmlTag) none.kind = DsmlTag::Kind::cut;
    return none;
  }

  // kCut at the text's end.
  std::uint32_t peek() {
    const Character next = at_ < raw_.size() ? first(raw_.substr(at_)) : Character{};
    stop_ = stop_ || next.code == kCut;
    return next.code;
  }
  bool take(std::uint32_t code) {
    if (at_ == raw_.size()) {
      stop_ = true;
      return false;
    }
    const Character next = first(raw_.substr(at_));
    if (next.code == kCut) {
      // Of a character that is cut, its first byte may already tell that it is another one.
      stop_ = may_become(code);
      return false;
    }
    if (next.code != code) return false;
    at_ += next.size;
    return true;
  }
  [[nodiscard]] bool may_become(std::uint32_t code) const {
    const std::string_view rest = raw_.substr(at_);
    if (rest.front() == '\\') return true;
    constexpr std::string_view kBarBytes = "\xEF\xBD\x9C";
    return code == kBar && kBarBytes.starts_with(rest);
  }

  bool marker() {
    if (!take(kBar)) return false;
    for (const char c : std::string_view("DSML")) {
      if (!take(static_cast<unsigned char>(c))) return false;
    }
    return take(kBar);
  }

  void spaces() {
    while (!stop_ && is_space(peek())) at_ += first(raw_.substr(at_)).size;
  }

  std::string_view letters() {
    const std::size_t begin = at_;
    while (!stop_ && is_letter(peek())) ++at_;
    return raw_.substr(begin, at_ - begin);
  }

  // name="value", the quotes in any spelling.
  bool attribute() {
    const std::string_view key = letters();
    if (stop_ || key.empty()) return false;
    spaces();
    if (stop_ || !take('=')) return false;
    spaces();
    if (stop_ || !take('"')) return false;
    const std::size_t begin = at_;
    while (!stop_) {
      const std::size_t end = at_;
      if (peek() == '"') {
        const std::string_view value = raw_.substr(begin, end - begin);
        at_ += first(raw_.substr(at_)).size;
        if (key == "name") tag_.name = value;
        if (key == "string") {
          tag_.typed = true;
          tag_.text = value == "true";
        }
        return true;
      }
      if (!stop_) at_ += first(raw_.substr(at_)).size;
    }
    return false;
  }

  std::string_view raw_;
  std::size_t at_ = 0;
  bool stop_ = false;  // the text ended, and could go on as a tag
  DsmlTag tag_;
};

}  // namespace

// No further than a tag may go: what is too long is so whether it has come whole or in part.
DsmlTag read_dsml_tag(std::string_view raw) { return TagReader(raw.substr(0, kMaxDsmlTag)).read(); }

std::size_t raw_space(std::string_view raw) {
  std::size_t at = 0;
  while (at < raw.size()) {
    const Character next = first(raw.substr(at));
    if (next.code == kCut || !is_space(next.code)) break;
    at += next.size;
  }
  return at;
}

std::size_t find_raw_less(std::string_view raw, std::size_t from) {
  const std::size_t plain = std::min(raw.find('<', from), raw.size());
  for (std::size_t at = from; (at = raw.find('\\', at)) < plain;) {
    const Character next = first(raw.substr(at));
    if (next.code == kCut || next.code == '<') return at;
    at += next.size;
  }
  return plain == raw.size() ? std::string_view::npos : plain;
}

}  // namespace tidegate::translation
