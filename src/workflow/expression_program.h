// What an expression is compiled to: a tree in one vector, names as views of its source.
// Made by ExpressionParser, run by Expression. Immutable once made, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/expression.h"
#include "workflow/filters.h"

namespace tidegate::workflow {

enum class Op : std::uint8_t {
  literal,     // a: index into literals
  input,       // name
  need,        // name, field
  needs,       //
  item,        //
  item_index,  //
  item_key,    //
  run,         // name
  always,
  success,
  failure,
  cancelled,
  member,  // of a: name
  index,   // of a: b
  negate,  // !a
  both,    // a && b
  either,  // a || b
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  filter  // of a, argument b or kNone
};

enum class NeedField : std::uint8_t { result, output, outputs, succeeded, failed, cost_usd };

struct ExpressionNode {
  static constexpr std::uint16_t kNone = 0xffff;
  Op op = Op::literal;
  NeedField field{};
  Filter filter{};
  std::uint16_t a = kNone, b = kNone;
  std::uint16_t name_begin = 0, name_size = 0;  // in the source
};

struct ExpressionProgram {
  std::string source;
  std::vector<ExpressionNode> nodes;  // the last is the whole
  std::vector<Value> literals;
  std::vector<Reference> references;

  [[nodiscard]] std::string_view name(const ExpressionNode& node) const {
    return std::string_view(source).substr(node.name_begin, node.name_size);
  }
};

}  // namespace tidegate::workflow
