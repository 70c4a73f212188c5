// What operators mean: the types they take, the steps they become, what they tell a reason.
#include <algorithm>
#include <span>

#include "routing/compiler.h"

namespace tidegate::routing {
namespace {

// The relation with its sides exchanged.
Relation mirrored(Relation relation) {
  switch (relation) {
    case Relation::less:
      return Relation::greater;
    case Relation::less_equal:
      return Relation::greater_equal;
    case Relation::greater:
      return Relation::less;
    case Relation::greater_equal:
      return Relation::less_equal;
    default:
      return relation;
  }
}

std::string_view text_of(Relation relation) {
  constexpr std::string_view kTexts[] = {
      "",    " == ", " != ",          " < ",         " <= ",
      " > ", " >= ", " starts with ", " ends with ", " contains "};
  return kTexts[static_cast<std::size_t>(relation)];
}

Op typed(Type type, Op i, Op d, Op s, Op b) {
  switch (type) {
    case Type::integer:
      return i;
    case Type::real:
      return d;
    case Type::string:
      return s;
    default:
      return b;
  }
}

}  // namespace

Compiler::Operand Compiler::compare(Relation relation, Operand left, Operand right,
                                    std::size_t at) {
  Operand result = joined(left, right, Type::boolean);
  result.unknown = false;
  if (stopped_ || left.unknown || right.unknown) {
    emit({.op = Op::compare_b, .relation = relation}, -1);
    return result;
  }
  const bool equality = relation == Relation::equal || relation == Relation::not_equal;
  if (left.type != right.type && !(is_number(left.type) && is_number(right.type))) {
    report(at, "A value of type " + std::string(name(left.type)) +
                   " is compared with one of type " + std::string(name(right.type)) + ".");
  } else if (left.type == Type::boolean && !equality) {
    report(at, "Values of type bool have no order; write == or !=.");
  }
  if (left.form == Form::variable && right.form == Form::literal) note(left, relation, right);
  if (right.form == Form::variable && left.form == Form::literal) {
    note(right, mirrored(relation), left);
  }
  const bool converted = as_double(left, right);
  auto& code = result_.program_.code;
  if (!converted && left.form != right.form && left.form != Form::computed &&
      right.form != Form::computed) {
    // The last two steps push the variable and the literal: one step does it all.
    const bool flipped = left.form == Form::literal;
    const Operand& variable = flipped ? right : left;
    code.resize(code.size() - 2);
    height_ -= 2;
    emit({.op = typed(left.type, Op::test_i, Op::test_d, Op::test_s, Op::test_b),
          .relation = flipped ? mirrored(relation) : relation,
          .variable = variable.variable,
          .operand = flipped ? left.constant : right.constant},
         1);
  } else {
    emit({.op = typed(left.type, Op::compare_i, Op::compare_d, Op::compare_s, Op::compare_b),
          .relation = relation},
         -1);
  }
  return result;
}

Compiler::Operand Compiler::list(Operand left) {
  auto& constants = result_.program_.constants;
  const std::size_t first = constants.size();
  const std::size_t at = token_.begin;
  expect("[", "after in");
  std::vector<Operand> items;
  while (!stopped_ && !token_.is("]")) {
    const std::size_t begin = token_.begin;
    const Operand item = literal(accept("-"), begin);
    if (!stopped_ && item.form != Form::literal) stop(begin, "A list holds literals only.");
    items.push_back(item);
    if (!accept(",")) break;
  }
  expect("]", "at the end of the list");
  // An item takes no step of its own, but counts as one.
  if (constants.size() > Program::kMaxOperations) {
    stop(at, "An expression may have at most 256 operations and literals.");
  }
  Operand result = left;
  result.type = Type::boolean;
  result.form = Form::computed;
  result.unknown = false;
  result.end = last_end_;
  if (stopped_ || left.unknown) return result;
  const bool real = left.type == Type::real || std::ranges::any_of(items, [](const Operand& item) {
                      return item.type == Type::real;
                    });
  for (const Operand& item : items) {
    if (item.type != left.type && !(is_number(left.type) && is_number(item.type))) {
      report(item.begin, "The list must hold values of type " + std::string(name(left.type)) +
                             ", this is " + std::string(name(item.type)) + ".");
    } else if (real && item.type == Type::integer) {
      constants[item.constant] = Value::of(static_cast<double>(constants[item.constant].integer));
    }
  }
  if (real && left.type == Type::integer) emit({.op = Op::to_double}, 0);
  emit({.op = typed(real ? Type::real : left.type, Op::in_i, Op::in_d, Op::in_s, Op::in_b),
        .operand = static_cast<std::uint16_t>(first),
        .count = static_cast<std::uint16_t>(items.size())},
       0);
  return result;
}

Compiler::Operand Compiler::arithmetic(std::string_view symbol, Operand left, Operand right,
                                       std::size_t at) {
  Operand result = joined(left, right, left.type);
  if (stopped_ || result.unknown) return result;
  if (!is_number(left.type) || !is_number(right.type)) {
    const Operand& wrong = is_number(left.type) ? right : left;
    report(wrong.begin,
           std::string(symbol) + " needs numbers, this is " + std::string(name(wrong.type)) + ".");
    result.unknown = true;
    return result;
  }
  as_double(left, right);
  result.type = left.type;
  const bool real = left.type == Type::real;
  Op op = real ? Op::add_d : Op::add_i;
  switch (symbol[0]) {
    case '-':
      op = real ? Op::subtract_d : Op::subtract_i;
      break;
    case '*':
      op = real ? Op::multiply_d : Op::multiply_i;
      break;
    case '/':
      op = real ? Op::divide_d : Op::divide_i;
      break;
    case '%':
      if (real) report(at, "% needs values of type int on both sides.");
      op = Op::remainder_i;
      break;
    default:
      break;
  }
  emit({.op = op}, -1);
  return result;
}

Compiler::Operand Compiler::joined(const Operand& left, const Operand& right, Type type) const {
  return {.type = type,
          .unknown = left.unknown || right.unknown,
          .begin = left.begin,
          .end = right.end};
}

// Makes both numbers double when one of them is; true if that took a step of the program.
bool Compiler::as_double(Operand& left, Operand& right) {
  if (!is_number(left.type) || !is_number(right.type) || left.type == right.type) return false;
  Operand& narrow = left.type == Type::integer ? left : right;
  narrow.type = Type::real;
  if (narrow.form == Form::literal) {
    Value& value = result_.program_.constants[narrow.constant];
    value = Value::of(static_cast<double>(value.integer));
    return false;
  }
  emit({.op = &narrow == &left ? Op::to_double_below : Op::to_double}, 0);
  return true;
}

void Compiler::note(const Operand& variable, Relation relation, const Operand& literal) {
  auto& evidence = result_.evidence_;
  if (stopped_ || evidence.size() >= Expression::kMaxEvidence) return;
  Evidence item{.variable = variable.variable, .relation = relation};
  if (relation != Relation::none) {
    item.literal_type = literal.type;
    item.literal = result_.program_.constants[literal.constant];
    item.text = text_of(relation);
    for (const char c : source_.substr(literal.begin, literal.end - literal.begin).substr(0, 40)) {
      item.text.push_back(c >= ' ' && c <= '~' ? c : '?');
    }
  }
  const auto same = [&](const Evidence& other) {
    return other.variable == item.variable && other.text == item.text;
  };
  if (std::ranges::none_of(evidence, same)) evidence.push_back(std::move(item));
}

}  // namespace tidegate::routing
