// Compiles the text of an expression. Used by Expression::compile(). One per text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "workflow/expression_program.h"

namespace tidegate::workflow {

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text);

  // The program; null: error() says what is wrong. `base` is added to the offsets of references.
  std::shared_ptr<const ExpressionProgram> parse(std::size_t base);
  [[nodiscard]] const ExpressionError& error() const { return error_; }

 private:
  using Index = std::uint16_t;

  enum class Token : std::uint8_t { end, name, number, string, symbol, bad };

  void next();
  void read_string(char quote);
  void read_number();
  [[nodiscard]] bool at(std::string_view symbol) const {
    return token_ == Token::symbol && text_ == symbol;
  }
  bool take(std::string_view symbol);
  bool expect(std::string_view symbol);
  // Whether all is well so far; keeps the first error.
  void wrong(std::size_t offset, std::string message);
  [[nodiscard]] bool failed() const { return failed_; }

  Index either();
  Index both();
  Index comparison();
  Index unary();
  Index filtered();
  Index filter(Index of);
  Index primary();
  Index root(std::string_view name, std::size_t offset);
  Index need(std::size_t offset);
  Index path(Index from);
  Index add(ExpressionNode node);
  Index literal(Value value);
  std::string_view member_name();
  void name(ExpressionNode& node, std::string_view view) const;
  // Marks which references may make the whole null.
  void mark(Index at, bool optional);

  std::shared_ptr<ExpressionProgram> program_;
  std::vector<std::uint16_t> reference_of_;  // by node; kNone: none
  std::string_view source_;
  std::size_t at_ = 0;  // behind the token
  Token token_ = Token::end;
  std::size_t begin_ = 0;  // of the token
  std::string_view text_;  // of the token
  Value value_;            // of a number or string
  int depth_ = 0;
  bool failed_ = false;
  ExpressionError error_;
};

}  // namespace tidegate::workflow
