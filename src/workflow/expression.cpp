#include "workflow/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workflow/expression_parser.h"
#include "workflow/expression_program.h"

namespace tidegate::workflow {
namespace {

class Evaluation {
 public:
  Evaluation(const ExpressionProgram& program, const Scope& scope)
      : program_(program), scope_(scope) {}

  Result<Value> at(std::uint16_t index);  // NOLINT(misc-no-recursion): as deep as it was parsed

 private:
  Result<bool> holds(std::uint16_t index);
  Result<Value> compare(const ExpressionNode& node);
  Result<Value> filter(const ExpressionNode& node);
  Result<Value> index(const ExpressionNode& node);
  Value need(const ExpressionNode& node) const;
  bool any_need(bool failed) const;

  const ExpressionProgram& program_;
  const Scope& scope_;
};

bool went_well(Outcome outcome) {
  return outcome == Outcome::success || outcome == Outcome::approved;
}

// NOLINTBEGIN(misc-no-recursion)
Result<Value> Evaluation::at(std::uint16_t where) {
  const ExpressionNode& node = program_.nodes[where];
  switch (node.op) {
    case Op::literal:
      return program_.literals[node.a];
    case Op::input:
      return scope_.input(program_.name(node));
    case Op::need:
      return need(node);
    case Op::needs:
      return Value{};  // only ever under results_table
    case Op::item:
      return scope_.item();
    case Op::item_index:
      return scope_.item_index() < 0 ? Value{} : Value(scope_.item_index());
    case Op::item_key:
      return scope_.item_index() < 0 ? Value{} : Value(scope_.item_key());
    case Op::run:
      return scope_.run(program_.name(node));
    case Op::always:
      return Value(true);
    case Op::success:
      return Value(!any_need(false));
    case Op::failure:
      return Value(any_need(true));
    case Op::cancelled:
      return Value(scope_.cancelled());
    case Op::member: {
      auto of = at(node.a);
      if (!of) return of;
      return of->find(program_.name(node));
    }
    case Op::index:
      return index(node);
    case Op::negate: {
      const auto of = holds(node.a);
      if (!of) return std::unexpected(of.error());
      return Value(!*of);
    }
    case Op::both:
    case Op::either: {
      const auto left = holds(node.a);
      if (!left) return std::unexpected(left.error());
      if (*left == (node.op == Op::either)) return Value(*left);
      const auto right = holds(node.b);
      if (!right) return std::unexpected(right.error());
      return Value(*right);
    }
    case Op::filter:
      return filter(node);
    default:
      return compare(node);
  }
}

Result<bool> Evaluation::holds(std::uint16_t where) {
  const auto value = at(where);
  if (!value) return std::unexpected(value.error());
  return value->truthy();
}

Result<Value> Evaluation::compare(const ExpressionNode& node) {
  const auto left = at(node.a);
  if (!left) return left;
  const auto right = at(node.b);
  if (!right) return right;
  if (node.op == Op::equal) return Value(*left == *right);
  if (node.op == Op::unequal) return Value(!(*left == *right));
  if (left->is_null() || right->is_null()) return Value(false);
  const auto by = [&](const auto& a, const auto& b) {
    switch (node.op) {
      case Op::less:
        return Value(a < b);
      case Op::at_most:
        return Value(a <= b);
      case Op::greater:
        return Value(a > b);
      default:
        return Value(a >= b);
    }
  };
  if (left->kind() == Value::Kind::integer && right->kind() == Value::Kind::integer) {
    return by(left->integer(), right->integer());
  }
  if (left->is_number() && right->is_number()) return by(left->number(), right->number());
  if (left->is_string() && right->is_string()) return by(left->text(), right->text());
  return fail(
      ErrorCode::invalid,
      fmt::format("{} and {} cannot be compared by order; expected two numbers or two texts",
                  kind_name(left->kind()), kind_name(right->kind())),
      program_.source);
}

Result<Value> Evaluation::filter(const ExpressionNode& node) {
  if (node.filter == Filter::results_table) return results_table(scope_.needs());
  auto of = at(node.a);
  if (!of) return of;
  if (node.filter == Filter::otherwise) return of->is_null() ? at(node.b) : of;
  Value argument;
  if (node.b != ExpressionNode::kNone) {
    auto given = at(node.b);
    if (!given) return given;
    argument = std::move(*given);
  }
  auto applied = apply(node.filter, *of, argument);
  if (!applied) applied.error().field = program_.source;
  return applied;
}

Result<Value> Evaluation::index(const ExpressionNode& node) {
  auto of = at(node.a);
  if (!of) return of;
  const auto which = at(node.b);
  if (!which) return which;
  if (which->is_string()) return of->find(which->text());
  if (which->kind() == Value::Kind::integer) return of->at(which->integer());
  if (which->is_null()) return Value{};
  return fail(
      ErrorCode::invalid,
      fmt::format("{} in brackets; expected a whole number or a 'name'", kind_name(which->kind())),
      program_.source);
}
// NOLINTEND(misc-no-recursion)

Value Evaluation::need(const ExpressionNode& node) const {
  const Need* found = scope_.need(program_.name(node));
  if (found == nullptr) return {};
  switch (node.field) {
    case NeedField::result:
      return Value(name(found->outcome));
    case NeedField::output:
    case NeedField::outputs:
      return found->output;
    case NeedField::succeeded:
      return Value(found->succeeded);
    case NeedField::failed:
      return Value(found->failed);
    case NeedField::cost_usd:
      return Value(static_cast<double>(found->cost.value) / 1e9);
  }
  return {};
}

// failed: whether one failed; else whether one did not end well.
bool Evaluation::any_need(bool failed) const {
  return std::ranges::any_of(scope_.needs(), [failed](const Need* need) {
    return failed ? need->outcome == Outcome::failure : !went_well(need->outcome);
  });
}

}  // namespace

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::none:
      return "none";
    case Outcome::success:
      return "success";
    case Outcome::failure:
      return "failure";
    case Outcome::skipped:
      return "skipped";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::approved:
      return "approved";
    case Outcome::rejected:
      return "rejected";
  }
  return "";
}

std::expected<Expression, ExpressionError> Expression::compile(std::string_view text,
                                                               std::size_t base) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;  // npos + 1 is 0
  ExpressionParser parser(begin < end ? text.substr(begin, end - begin) : std::string_view{});
  Expression expression;
  expression.program_ = parser.parse(base + begin);
  if (expression.program_ != nullptr) return expression;
  ExpressionError error = parser.error();
  error.offset += base + begin;
  return std::unexpected(std::move(error));
}

Expression Expression::constant(Value value) {
  auto program = std::make_shared<ExpressionProgram>();
  program->nodes.push_back({.op = Op::literal, .a = 0});
  value.append_text(program->source);
  program->literals.push_back(std::move(value));
  Expression expression;
  expression.program_ = std::move(program);
  return expression;
}

Result<Value> Expression::evaluate(const Scope& scope) const {
  if (empty()) return Value{};
  return Evaluation(*program_, scope).at(static_cast<std::uint16_t>(program_->nodes.size() - 1));
}

Result<bool> Expression::holds(const Scope& scope) const {
  const auto value = evaluate(scope);
  if (!value) return std::unexpected(value.error());
  return value->truthy();
}

const std::vector<Reference>& Expression::references() const {
  static const std::vector<Reference> kNone;
  return empty() ? kNone : program_->references;
}

std::string_view Expression::source() const {
  return empty() ? std::string_view{} : std::string_view(program_->source);
}

}  // namespace tidegate::workflow
