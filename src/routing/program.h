// The flat form of a compiled expression and its interpreter: a stack machine with typed
// operations, forward jumps only, so that it ends after at most one visit of each instruction.
// Made by Expression::compile(). Immutable afterwards, any thread; run() allocates nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "routing/facts.h"

namespace tidegate::routing {

enum class Relation : std::uint8_t {
  none,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  starts_with,
  ends_with,
  contains
};

// Suffixes: i int, d double, s string, b bool. "top" is the last value on the stack.
enum class Op : std::uint8_t {
  load,             // push a variable
  push,             // push constants[operand]
  to_double,        // top: int -> double
  to_double_below,  // the value under top: int -> double
  negate_i,
  negate_d,
  invert,
  add_i,
  subtract_i,
  multiply_i,
  divide_i,
  remainder_i,
  add_d,
  subtract_d,
  multiply_d,
  divide_d,
  compare_i,
  compare_d,
  compare_s,
  compare_b,  // two values and a relation -> bool
  test_i,
  test_d,
  test_s,
  test_b,  // a variable against constants[operand] -> bool
  in_i,
  in_d,
  in_s,
  in_b,      // top among constants[operand, operand + count) -> bool
  and_then,  // top false: jump to operand; else drop it
  or_else,   // top true: jump to operand; else drop it
  branch,    // drop top; if it was false, jump to operand
  jump,
};

struct Instruction {
  Op op;
  Relation relation = Relation::none;
  std::uint8_t variable = 0;
  std::uint16_t operand = 0;
  std::uint16_t count = 0;
};

struct Program {
  static constexpr std::size_t kMaxOperations = 256;  // list elements count too
  static constexpr std::size_t kMaxStack = 64;

  std::vector<Instruction> code;
  std::vector<Value> constants;
  std::deque<std::string> strings;  // what the constants point into

  Program() = default;
  Program(Program&&) noexcept = default;
  Program& operator=(Program&&) noexcept = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() = default;
};

// nullopt: a step has no value (division by zero, integer overflow, a result that is not finite).
[[nodiscard]] std::optional<bool> run(const Program& program, const Facts& facts);

[[nodiscard]] bool holds(Relation relation, std::int64_t left, std::int64_t right);
[[nodiscard]] bool holds(Relation relation, double left, double right);
[[nodiscard]] bool holds(Relation relation, std::string_view left, std::string_view right);

}  // namespace tidegate::routing
