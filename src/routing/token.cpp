#include "routing/token.h"

#include <array>
#include <charconv>

namespace tidegate::routing {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

// False for what is not a Unicode scalar value.
bool append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  return true;
}

}  // namespace

Token Lexer::token(Kind kind, std::size_t begin) const {
  return {kind, begin, at_, source_.substr(begin, at_ - begin), {}};
}

Token Lexer::bad(std::size_t begin, std::string why) const {
  return {Kind::bad, begin, at_, source_.substr(begin, at_ - begin), std::move(why)};
}

Token Lexer::next() {
  while (at_ < source_.size()) {
    if (is_space(source_[at_])) {
      ++at_;
    } else if (source_.substr(at_).starts_with("//")) {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else {
      break;
    }
  }
  const std::size_t begin = at_;
  if (begin == source_.size()) return token(Kind::end, begin);
  const char c = source_[begin];
  const char following = begin + 1 < source_.size() ? source_[begin + 1] : '\0';
  if (is_digit(c) || (c == '.' && is_digit(following))) return number();
  if (c == '"' || c == '\'') return string(false);
  if ((c == 'r' || c == 'R') && (following == '"' || following == '\'')) return string(true);
  if (!is_letter(c)) return symbol();
  while (at_ < source_.size() && (is_letter(source_[at_]) || is_digit(source_[at_]))) ++at_;
  return token(Kind::name, begin);
}

Token Lexer::symbol() {
  constexpr std::array<std::string_view, 21> kSymbols{"||", "&&", "==", "!=", "<=", ">=", "<",
                                                      ">",  "!",  "+",  "-",  "*",  "/",  "%",
                                                      "(",  ")",  "[",  "]",  ",",  "?",  ":"};
  const std::size_t begin = at_;
  const std::string_view rest = source_.substr(at_);
  for (const std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) {
      at_ += symbol.size();
      return token(Kind::symbol, begin);
    }
  }
  ++at_;
  if (rest[0] == '.') return token(Kind::symbol, begin);
  if (rest[0] == '=') return bad(begin, "A comparison is written ==.");
  if (rest[0] == '&' || rest[0] == '|') {
    return bad(begin, std::string("Write ") + rest[0] + rest[0] + ".");
  }
  return bad(begin, "This character has no meaning here.");
}

Token Lexer::number() {
  const std::size_t begin = at_;
  const auto digits = [&] {
    while (at_ < source_.size() && is_digit(source_[at_])) ++at_;
  };
  Kind kind = Kind::integer;
  digits();
  if (at_ + 1 < source_.size() && source_[at_] == '.' && is_digit(source_[at_ + 1])) {
    kind = Kind::real;
    ++at_;
    digits();
  }
  if (at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
    kind = Kind::real;
    ++at_;
    if (at_ < source_.size() && (source_[at_] == '+' || source_[at_] == '-')) ++at_;
    if (at_ == source_.size() || !is_digit(source_[at_])) {
      return bad(begin, "The exponent of this number has no digits.");
    }
    digits();
  }
  if (at_ < source_.size() && (is_letter(source_[at_]) || source_[at_] == '.')) {
    ++at_;
    return bad(begin, "Numbers are written 200000, 0.3 or 2e5.");
  }
  return token(kind, begin);
}

Token Lexer::string(bool raw) {
  const std::size_t begin = at_;
  if (raw) ++at_;
  const char quote = source_[at_++];
  std::string value;
  while (at_ < source_.size() && source_[at_] != quote && source_[at_] != '\n') {
    if (source_[at_] != '\\' || raw) {
      value.push_back(source_[at_++]);
      continue;
    }
    const std::size_t backslash = at_;
    if (!escape(value)) {
      return bad(backslash, R"(There is no such escape. CEL has \n \t \\ \" \' \xHH \uHHHH \ooo.)");
    }
  }
  if (at_ == source_.size() || source_[at_] != quote) {
    return bad(begin, std::string("This text has no closing ") + quote + ".");
  }
  ++at_;
  Token result = token(Kind::string, begin);
  result.value = std::move(value);
  return result;
}

bool Lexer::escape(std::string& out) {
  constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
  ++at_;
  if (at_ == source_.size()) return false;
  const char letter = source_[at_++];
  if (const auto found = kLetters.find(letter); found != std::string_view::npos) {
    out.push_back(kMeanings[found]);
    return true;
  }
  std::size_t size = 0;
  int base = 16;
  switch (letter) {
    case 'x':
    case 'X':
      size = 2;
      break;
    case 'u':
      size = 4;
      break;
    case 'U':
      size = 8;
      break;
    default:
      size = 3;
      base = 8;
      --at_;
  }
  const std::string_view digits = source_.substr(at_, size);
  std::uint32_t point = 0;
  const char* const end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, point, base);
  if (digits.size() != size || error != std::errc{} || last != end) return false;
  if (base == 8 && point > 255) return false;
  at_ += size;
  return append_utf8(out, point);
}

}  // namespace tidegate::routing
