// Reads one policy expression and emits its program in the same pass, tracking the types of what
// would be on the stack. Used by Expression::compile() alone. One per compilation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "routing/expression.h"
#include "routing/token.h"

namespace tidegate::routing {

[[nodiscard]] inline bool is_number(Type type) {
  return type == Type::integer || type == Type::real;
}

class Compiler {
 public:
  explicit Compiler(std::string_view source) : source_(source), lexer_(source) {}
  std::expected<Expression, std::vector<ExpressionError>> compile();

 private:
  enum class Form : std::uint8_t { variable, literal, computed };

  // What a part of the expression leaves on the stack.
  struct Operand {
    Type type = Type::boolean;
    Form form = Form::computed;
    bool unknown = false;  // its error has been reported: no complaint about its type
    std::uint8_t variable = 0;
    std::uint16_t constant = 0;
    std::size_t begin = 0, end = 0;  // bytes of the source
  };

  // The grammar, loosest first.
  Operand conditional();
  Operand any();                                      // ||
  Operand all();                                      // &&
  Operand relation();                                 // == != < <= > >= in
  Operand sum();                                      // + -
  Operand product();                                  // * / %
  Operand unary();                                    // ! -
  Operand member();                                   // methods of strings
  Operand primary();                                  // literals, names, ( )
  Operand literal(bool negative, std::size_t begin);  // emits nothing: a list needs no push
  Operand pushed(Operand literal);
  Operand variable();
  Operand list(Operand left);

  Operand shortcut(Operand (Compiler::*part)(), std::string_view symbol, Op op);
  Operand arithmetic(std::string_view symbol, Operand left, Operand right, std::size_t at);
  Operand compare(Relation relation, Operand left, Operand right, std::size_t at);
  Operand joined(const Operand& left, const Operand& right, Type type) const;
  bool as_double(Operand& left, Operand& right);
  Operand constant(Type type, Value value, std::size_t begin, std::size_t end);
  void note(const Operand& variable, Relation relation, const Operand& literal);
  void demand_bool(const Operand& operand, std::string_view where);

  std::uint16_t emit(Instruction step, int pushes);
  void land(std::uint16_t jump);  // the jump goes to what is emitted next
  void advance();
  bool accept(std::string_view symbol);
  void expect(std::string_view symbol, std::string_view where);
  void report(std::size_t at, std::string message);
  void stop(std::size_t at, std::string message);  // reports and reads no further
  bool enter(std::size_t at);

  std::string_view source_;
  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;  // of the token before token_
  bool stopped_ = false;
  int depth_ = 0;
  int height_ = 0;
  Expression result_;
  std::vector<ExpressionError> errors_;
};

}  // namespace tidegate::routing
