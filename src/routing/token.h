// Cuts a policy expression into CEL tokens. Used by Expression::compile(). One per compilation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::routing {

enum class Kind : std::uint8_t { end, integer, real, string, name, symbol, bad };

struct Token {
  Kind kind = Kind::end;
  std::size_t begin = 0, end = 0;  // bytes of the source
  std::string_view text{};         // name or symbol as written; digits of a number
  std::string value{};             // string: its content; bad: what is wrong
  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Token next();

 private:
  Token symbol();
  Token number();
  Token string(bool raw);
  // Appends the character behind the backslash at at_; false if there is no such escape.
  bool escape(std::string& out);
  Token token(Kind kind, std::size_t begin) const;
  Token bad(std::size_t begin, std::string why) const;

  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace tidegate::routing
