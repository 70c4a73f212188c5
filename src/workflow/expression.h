// Expression: what stands between ${{ and }}, compiled once. No loops and no code: it ends, and
// whether what it names exists is known before a run. Immutable once compiled, any thread; a null
// pointer's size.
//
//   or:      and ('||' and)*               and:   compare ('&&' compare)*
//   compare: unary (('=='|'!='|'<'|'<='|'>'|'>=') unary)?          unary: '!' unary | filtered
//   filtered: primary ('|' filter ('(' or (',' or)* ')')?)*        filters: see filters.h
//   primary: literal | path | '(' or ')' | always() success() failure() cancelled()
//   path:    inputs.NAME | needs.ID.FIELD | needs | item | item_index | item_key | run.NAME, then
//   any
//            of .NAME and [or]
//   literal: null true false, numbers, 'text' ('' is a quote) and "text" with JSON's escapes
//
// Null is what has no value: an input that was not given, the output of a task that was skipped, a
// member that is not there, and a member of null. It equals only null; <, <=, > and >= with it are
// false. Order is defined for two numbers and two strings; any other pair is an error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "workflow/scope.h"
#include "workflow/value.h"

namespace tidegate::workflow {

struct ExpressionError {
  std::size_t offset = 0;  // of the text that was compiled, in bytes
  std::string message;     // what, what was expected, did you mean
};

// What an expression names, for checks before a run. Views live as long as the expression.
struct Reference {
  enum class Root : std::uint8_t { input, need, needs, item, run, status };
  Root root{};
  std::string_view name;   // of the input, task, member of run or function of status; else empty
  std::string_view field;  // of needs.ID.FIELD
  std::size_t offset = 0;  // in bytes
  // Under default(), in a comparison, ...: its null never becomes the null of the whole.
  bool optional = false;
};

struct ExpressionProgram;  // expression.cpp

class Expression {
 public:
  static constexpr std::size_t kMaxBytes = 4096;
  static constexpr int kMaxDepth = 64;

  Expression() = default;  // null; evaluates to null
  // `base`: where the text stands in a larger one; added to offsets.
  static std::expected<Expression, ExpressionError> compile(std::string_view text,
                                                            std::size_t base = 0);
  // Gives `value`.
  static Expression constant(Value value);

  [[nodiscard]] bool empty() const { return program_ == nullptr; }
  // Error invalid: two kinds that cannot be compared, a filter that cannot take what it is given.
  [[nodiscard]] Result<Value> evaluate(const Scope& scope) const;
  // evaluate().truthy().
  [[nodiscard]] Result<bool> holds(const Scope& scope) const;

  [[nodiscard]] const std::vector<Reference>& references() const;
  // The text that was compiled, without the braces and the space around it.
  [[nodiscard]] std::string_view source() const;

 private:
  std::shared_ptr<const ExpressionProgram> program_;
};

}  // namespace tidegate::workflow
