#include "routing/compiler.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace tidegate::routing {
namespace {

Relation relation_of(const Token& token) {
  constexpr std::pair<std::string_view, Relation> kRelations[] = {
      {"==", Relation::equal},      {"!=", Relation::not_equal}, {"<", Relation::less},
      {"<=", Relation::less_equal}, {">", Relation::greater},    {">=", Relation::greater_equal}};
  for (const auto& [symbol, relation] : kRelations) {
    if (token.is(symbol)) return relation;
  }
  return Relation::none;
}

}  // namespace

std::expected<Expression, std::vector<ExpressionError>> Compiler::compile() {
  if (source_.size() > Expression::kMaxBytes) {
    stop(Expression::kMaxBytes, "An expression may have at most 4096 bytes.");
    return std::unexpected(std::move(errors_));
  }
  advance();
  if (token_.kind == Kind::end) stop(0, "An expression is missing; leave out `when` for always.");
  const Operand whole = conditional();
  if (token_.kind != Kind::end) stop(token_.begin, "An operator such as && was expected here.");
  if (!stopped_ && !whole.unknown && whole.type != Type::boolean) {
    report(whole.begin,
           "A rule must be true or false, this is " + std::string(name(whole.type)) + ".");
  }
  if (!errors_.empty()) return std::unexpected(std::move(errors_));
  std::erase_if(result_.evidence_, [&](const Evidence& plain) {
    return plain.relation == Relation::none &&
           std::ranges::any_of(result_.evidence_, [&](const Evidence& other) {
             return other.variable == plain.variable && other.relation != Relation::none;
           });
  });
  return std::move(result_);
}

Compiler::Operand Compiler::conditional() {
  if (!enter(token_.begin)) return {};
  Operand first = any();
  if (token_.is("?")) {
    advance();
    demand_bool(first, "before ?");
    const auto branch = emit({.op = Op::branch}, -1);
    const Operand yes = conditional();
    const auto jump = emit({.op = Op::jump}, -1);  // the other side pushes in its place
    land(branch);
    expect(":", "between the two values of ?");
    const Operand no = conditional();
    land(jump);
    if (!yes.unknown && !no.unknown && yes.type != no.type) {
      report(no.begin, "Both values of ? must have one type, these are " +
                           std::string(name(yes.type)) + " and " + std::string(name(no.type)) +
                           ".");
    }
    first = joined(first, no, yes.type);
    first.unknown = yes.unknown || no.unknown;
  }
  --depth_;
  return first;
}

Compiler::Operand Compiler::shortcut(Operand (Compiler::*part)(), std::string_view symbol, Op op) {
  Operand left = (this->*part)();
  std::vector<std::uint16_t> jumps;
  while (token_.is(symbol)) {
    advance();
    demand_bool(left, symbol);
    jumps.push_back(emit({.op = op}, -1));
    const Operand right = (this->*part)();
    demand_bool(right, symbol);
    left = joined(left, right, Type::boolean);
    left.unknown = false;
  }
  for (const std::uint16_t jump : jumps) land(jump);
  return left;
}

Compiler::Operand Compiler::any() { return shortcut(&Compiler::all, "||", Op::or_else); }
Compiler::Operand Compiler::all() { return shortcut(&Compiler::relation, "&&", Op::and_then); }

Compiler::Operand Compiler::relation() {
  Operand left = sum();
  while (!stopped_) {
    const std::size_t at = token_.begin;
    if (const Relation relation = relation_of(token_); relation != Relation::none) {
      advance();
      left = compare(relation, left, sum(), at);
    } else if (token_.kind == Kind::name && token_.text == "in") {
      advance();
      left = list(left);
    } else {
      break;
    }
  }
  return left;
}

Compiler::Operand Compiler::sum() {
  Operand left = product();
  while (token_.is("+") || token_.is("-")) {
    const Token symbol = token_;
    advance();
    left = arithmetic(symbol.text, left, product(), symbol.begin);
  }
  return left;
}

Compiler::Operand Compiler::product() {
  Operand left = unary();
  while (token_.is("*") || token_.is("/") || token_.is("%")) {
    const Token symbol = token_;
    advance();
    left = arithmetic(symbol.text, left, unary(), symbol.begin);
  }
  return left;
}

Compiler::Operand Compiler::unary() {
  const std::size_t begin = token_.begin;
  if (!token_.is("!") && !token_.is("-")) return member();
  if (!enter(begin)) return {};
  Operand operand;
  if (accept("!")) {
    operand = unary();
    demand_bool(operand, "after !");
    emit({.op = Op::invert}, 0);
    operand.type = Type::boolean;
  } else {
    advance();
    if (token_.kind == Kind::integer || token_.kind == Kind::real) {
      --depth_;
      return pushed(literal(true, begin));
    }
    operand = unary();
    if (!stopped_ && !operand.unknown && !is_number(operand.type)) {
      report(begin, "- needs a number, this is " + std::string(name(operand.type)) + ".");
      operand.unknown = true;
    }
    emit({.op = operand.type == Type::real ? Op::negate_d : Op::negate_i}, 0);
  }
  operand.form = Form::computed;
  operand.begin = begin;
  --depth_;
  return operand;
}

Compiler::Operand Compiler::member() {
  Operand subject = primary();
  while (!stopped_ && token_.is(".")) {
    advance();
    const Token method = token_;
    Relation relation = Relation::none;
    if (method.text == "startsWith") relation = Relation::starts_with;
    if (method.text == "endsWith") relation = Relation::ends_with;
    if (method.text == "contains") relation = Relation::contains;
    if (relation == Relation::none) {
      const std::vector<std::string> known{"startsWith", "endsWith", "contains"};
      stop(method.begin, "There is no method " + std::string(method.text) +
                             "; texts have startsWith, endsWith and contains." +
                             did_you_mean(method.text, known));
      break;
    }
    advance();
    expect("(", "after the method's name");
    const Operand argument = conditional();
    expect(")", "after the method's argument");
    for (const Operand* side : {static_cast<const Operand*>(&subject), &argument}) {
      if (!stopped_ && !side->unknown && side->type != Type::string) {
        report(side->begin, std::string(method.text) + " works on texts, this is " +
                                std::string(name(side->type)) + ".");
      }
    }
    if (subject.form == Form::variable && argument.form == Form::literal) {
      note(subject, relation, argument);
    }
    emit({.op = Op::compare_s, .relation = relation}, -1);
    subject = joined(subject, argument, Type::boolean);
    subject.unknown = false;
    subject.end = last_end_;
  }
  return subject;
}

Compiler::Operand Compiler::primary() {
  const std::size_t begin = token_.begin;
  if (accept("(")) {
    Operand inner = conditional();
    expect(")", "to close the parenthesis");
    return inner;
  }
  if (token_.kind == Kind::name && token_.text != "true" && token_.text != "false") {
    return variable();
  }
  return pushed(literal(false, begin));
}

Compiler::Operand Compiler::pushed(Operand literal) {
  if (!stopped_) emit({.op = Op::push, .operand = literal.constant}, 1);
  return literal;
}

Compiler::Operand Compiler::literal(bool negative, std::size_t begin) {
  const Token token = token_;
  const char* const first = source_.data() + token.begin;
  const char* const last = source_.data() + token.end;
  const bool is_bool = token.kind == Kind::name && (token.text == "true" || token.text == "false");
  if (stopped_) return {};
  if (negative && token.kind != Kind::integer && token.kind != Kind::real) {
    stop(token.begin, "A number was expected after -.");
    return {};
  }
  if (token.kind == Kind::integer) {
    std::uint64_t magnitude = 0;
    const auto error = std::from_chars(first, last, magnitude).ec;
    const std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0);
    if (error != std::errc{} || magnitude > limit) {
      report(token.begin, "This number does not fit in 64 bits.");
    }
    advance();
    const std::uint64_t bits = negative ? 0 - magnitude : magnitude;
    return constant(Type::integer, Value::of(static_cast<std::int64_t>(bits)), begin, token.end);
  }
  if (token.kind == Kind::real) {
    double value = 0;
    if (std::from_chars(first, last, value).ec != std::errc{}) {
      report(token.begin, "This number is too large or too small for a double.");
    }
    advance();
    return constant(Type::real, Value::of(negative ? -value : value), begin, token.end);
  }
  if (token.kind == Kind::string) {
    const std::string& kept = result_.program_.strings.emplace_back(token.value);
    advance();
    return constant(Type::string, Value::of(std::string_view(kept)), begin, token.end);
  }
  if (is_bool) {
    advance();
    return constant(Type::boolean, Value::of(token.text == "true"), begin, token.end);
  }
  stop(token.begin, token.kind == Kind::end ? "The expression ends where a value was expected."
                                            : "A value was expected here.");
  return {};
}

Compiler::Operand Compiler::variable() {
  const Token token = token_;
  advance();
  Operand result{.form = Form::variable, .begin = token.begin, .end = token.end};
  const auto table = variables();
  const auto found = std::ranges::find(table, token.text, &Variable::name);
  if (found == table.end()) {
    std::vector<std::string> names;
    for (const Variable& known : table) names.emplace_back(known.name);
    const std::string shown(token.text.substr(0, 64));
    report(token.begin, "There is no variable " + shown + "." + did_you_mean(shown, names));
    result.unknown = true;
    result.form = Form::computed;
    emit({.op = Op::load}, 1);
    return result;
  }
  result.variable = static_cast<std::uint8_t>(found - table.begin());
  result.type = found->type;
  result_.variables_ |= 1u << result.variable;
  note(result, Relation::none, {});
  emit({.op = Op::load, .variable = result.variable}, 1);
  return result;
}

Compiler::Operand Compiler::constant(Type type, Value value, std::size_t begin, std::size_t end) {
  auto& constants = result_.program_.constants;
  if (constants.size() >= Program::kMaxOperations) {
    stop(begin, "An expression may have at most 256 operations and literals.");
    return {};
  }
  constants.push_back(value);
  return {.type = type,
          .form = Form::literal,
          .constant = static_cast<std::uint16_t>(constants.size() - 1),
          .begin = begin,
          .end = end};
}

void Compiler::demand_bool(const Operand& operand, std::string_view where) {
  if (stopped_ || operand.unknown || operand.type == Type::boolean) return;
  report(operand.begin,
         "A value of type bool was expected " +
             (where.starts_with("&&") || where.starts_with("||") ? "beside " + std::string(where)
                                                                 : std::string(where)) +
             ", this is " + std::string(name(operand.type)) + ".");
}

std::uint16_t Compiler::emit(Instruction step, int pushes) {
  auto& code = result_.program_.code;
  if (code.size() >= Program::kMaxOperations) {
    stop(token_.begin, "An expression may have at most 256 operations and literals.");
    return 0;
  }
  height_ += pushes;
  if (height_ > static_cast<int>(Program::kMaxStack)) {
    stop(token_.begin, "The expression is nested too deep.");
    return 0;
  }
  code.push_back(step);
  return static_cast<std::uint16_t>(code.size() - 1);
}

void Compiler::land(std::uint16_t jump) {
  if (stopped_) return;
  auto& code = result_.program_.code;
  code[jump].operand = static_cast<std::uint16_t>(code.size());
}

void Compiler::advance() {
  last_end_ = token_.end;
  if (stopped_) return;
  token_ = lexer_.next();
  if (token_.kind == Kind::bad) stop(token_.begin, token_.value);
}

bool Compiler::accept(std::string_view symbol) {
  if (!token_.is(symbol)) return false;
  advance();
  return true;
}

void Compiler::expect(std::string_view symbol, std::string_view where) {
  if (stopped_ || accept(symbol)) return;
  stop(token_.begin, std::string(symbol) + " was expected " + std::string(where) + ".");
}

bool Compiler::enter(std::size_t at) {
  if (++depth_ <= Expression::kMaxDepth && !stopped_) return true;
  --depth_;
  stop(at, "The expression is nested too deep: at most 64 levels.");
  return false;
}

void Compiler::stop(std::size_t at, std::string message) {
  if (!stopped_) report(at, std::move(message));
  stopped_ = true;
  token_ = Token{.begin = at, .end = at};
}

void Compiler::report(std::size_t at, std::string message) {
  ExpressionError error{.message = std::move(message)};
  for (const char c : source_.substr(0, at)) {
    if (c == '\n') {
      ++error.line;
      error.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {  // not inside a character
      ++error.column;
    }
  }
  if (std::ranges::none_of(errors_, [&](const ExpressionError& other) {
        return other.line == error.line && other.column == error.column;
      })) {
    errors_.push_back(std::move(error));
  }
}

}  // namespace tidegate::routing
