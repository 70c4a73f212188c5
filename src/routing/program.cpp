#include "routing/program.h"

#include <algorithm>
#include <cmath>

namespace tidegate::routing {
namespace {

template <class T>
bool ordered(Relation relation, T left, T right) {
  switch (relation) {
    case Relation::equal:
      return left == right;
    case Relation::not_equal:
      return left != right;
    case Relation::less:
      return left < right;
    case Relation::less_equal:
      return left <= right;
    case Relation::greater:
      return left > right;
    case Relation::greater_equal:
      return left >= right;
    default:
      return false;
  }
}

// Each leaves its result in `a`; false: there is none.
bool integer_step(Op op, std::int64_t& a, std::int64_t b) {
  switch (op) {
    case Op::add_i:
      return !__builtin_add_overflow(a, b, &a);
    case Op::subtract_i:
      return !__builtin_sub_overflow(a, b, &a);
    case Op::multiply_i:
      return !__builtin_mul_overflow(a, b, &a);
    default:
      break;
  }
  if (b == 0 || (b == -1 && a == INT64_MIN)) return false;
  a = op == Op::divide_i ? a / b : a % b;
  return true;
}

bool real_step(Op op, double& a, double b) {
  switch (op) {
    case Op::add_d:
      a += b;
      break;
    case Op::subtract_d:
      a -= b;
      break;
    case Op::multiply_d:
      a *= b;
      break;
    default:
      if (b == 0) return false;
      a /= b;
  }
  return std::isfinite(a);
}

bool among(Op op, const Value& value, const Value* first, std::size_t count) {
  return std::any_of(first, first + count, [&](const Value& item) {
    switch (op) {
      case Op::in_i:
        return value.integer == item.integer;
      case Op::in_d:
        return value.real == item.real;
      case Op::in_s:
        return value.view() == item.view();
      default:
        return value.boolean == item.boolean;
    }
  });
}

}  // namespace

bool holds(Relation relation, std::int64_t left, std::int64_t right) {
  return ordered(relation, left, right);
}

bool holds(Relation relation, double left, double right) { return ordered(relation, left, right); }

bool holds(Relation relation, std::string_view left, std::string_view right) {
  switch (relation) {
    case Relation::starts_with:
      return left.starts_with(right);
    case Relation::ends_with:
      return left.ends_with(right);
    case Relation::contains:
      return left.find(right) != std::string_view::npos;
    default:
      return ordered(relation, left, right);
  }
}

std::optional<bool> run(const Program& program, const Facts& facts) {
  // Not initialised: the compiler has checked that each slot is written before it is read.
  union Stack {
    Stack() {}  // NOLINT(modernize-use-equals-default): the default would be deleted
    Value slots[Program::kMaxStack];
  } stack;
  Value* const bottom = stack.slots;
  Value* top = bottom - 1;
  const Instruction* const code = program.code.data();
  const std::size_t end = program.code.size();
  const Value* const constants = program.constants.data();
  const Variable* const table = variables().data();

  for (std::size_t at = 0; at < end; ++at) {
    const Instruction& step = code[at];
    switch (step.op) {
      case Op::load:
        *++top = table[step.variable].read(facts);
        break;
      case Op::push:
        *++top = constants[step.operand];
        break;
      case Op::to_double:
        *top = Value::of(static_cast<double>(top->integer));
        break;
      case Op::to_double_below:
        top[-1] = Value::of(static_cast<double>(top[-1].integer));
        break;
      case Op::negate_i:
        if (top->integer == INT64_MIN) return std::nullopt;
        top->integer = -top->integer;
        break;
      case Op::negate_d:
        top->real = -top->real;
        break;
      case Op::invert:
        top->boolean = !top->boolean;
        break;
      case Op::add_i:
      case Op::subtract_i:
      case Op::multiply_i:
      case Op::divide_i:
      case Op::remainder_i:
        --top;
        if (!integer_step(step.op, top->integer, top[1].integer)) return std::nullopt;
        break;
      case Op::add_d:
      case Op::subtract_d:
      case Op::multiply_d:
      case Op::divide_d:
        --top;
        if (!real_step(step.op, top->real, top[1].real)) return std::nullopt;
        break;
      case Op::compare_i:
        --top;
        *top = Value::of(holds(step.relation, top->integer, top[1].integer));
        break;
      case Op::compare_d:
        --top;
        *top = Value::of(holds(step.relation, top->real, top[1].real));
        break;
      case Op::compare_s:
        --top;
        *top = Value::of(holds(step.relation, top->view(), top[1].view()));
        break;
      case Op::compare_b:
        --top;
        *top = Value::of(ordered(step.relation, top->boolean, top[1].boolean));
        break;
      case Op::test_i:
        *++top = Value::of(holds(step.relation, table[step.variable].read(facts).integer,
                                 constants[step.operand].integer));
        break;
      case Op::test_d:
        *++top = Value::of(holds(step.relation, table[step.variable].read(facts).real,
                                 constants[step.operand].real));
        break;
      case Op::test_s:
        *++top = Value::of(holds(step.relation, table[step.variable].read(facts).view(),
                                 constants[step.operand].view()));
        break;
      case Op::test_b:
        *++top = Value::of(ordered(step.relation, table[step.variable].read(facts).boolean,
                                   constants[step.operand].boolean));
        break;
      case Op::in_i:
      case Op::in_d:
      case Op::in_s:
      case Op::in_b:
        *top = Value::of(among(step.op, *top, constants + step.operand, step.count));
        break;
      // A jump goes to operand; the loop adds one, and targets lie ahead, so operand is never 0.
      case Op::and_then:
        if (top->boolean)
          --top;
        else
          at = step.operand - 1u;
        break;
      case Op::or_else:
        if (top->boolean)
          at = step.operand - 1u;
        else
          --top;
        break;
      case Op::branch:
        if (!(top--)->boolean) at = step.operand - 1u;
        break;
      case Op::jump:
        at = step.operand - 1u;
        break;
    }
  }
  return top->boolean;
}

}  // namespace tidegate::routing
