// One policy expression: a strict subset of CEL, type-checked and compiled once to a flat program.
// Used by Policy. Immutable after compile(), any thread; evaluating allocates nothing and takes
// under 100 ns for two comparisons (routing_bench).
//
// The language: || && ! == != < <= > >= + - * / % unary minus, ( ), c ? a : b, x in [literals],
// startsWith endsWith contains on strings, int double bool string literals, and the variables of
// facts.h. docs/routing.md states it in full, with what differs from CEL.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/facts.h"
#include "routing/program.h"

namespace tidegate::routing {

struct ExpressionError {
  int line = 1;    // within the expression, from 1
  int column = 1;  // in characters, from 1
  std::string message;
};

// What an expression asks about one variable, for the reason text.
struct Evidence {
  std::uint8_t variable = 0;
  Relation relation = Relation::none;  // none: its value alone
  Type literal_type = Type::integer;
  Value literal{};
  std::string text{};  // " > 200000", printable ASCII
  [[nodiscard]] bool holds(const Facts& facts) const;
};

class Expression {
 public:
  static constexpr std::size_t kMaxBytes = 4096;
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxEvidence = 12;

  // All unknown names and wrong types at once; after an error of syntax the rest is not read.
  static std::expected<Expression, std::vector<ExpressionError>> compile(std::string_view source);

  // nullopt when a step has no value (division by zero, integer overflow).
  [[nodiscard]] std::optional<bool> evaluate(const Facts& facts) const {
    return run(program_, facts);
  }
  [[nodiscard]] bool holds(const Facts& facts) const { return evaluate(facts).value_or(false); }

  [[nodiscard]] const std::vector<Evidence>& evidence() const { return evidence_; }
  [[nodiscard]] bool uses(std::string_view variable) const;
  [[nodiscard]] std::size_t operations() const { return program_.code.size(); }

 private:
  friend class Compiler;
  Program program_;
  std::vector<Evidence> evidence_;
  std::uint32_t variables_ = 0;  // bit set of indexes into variables()
};

}  // namespace tidegate::routing
