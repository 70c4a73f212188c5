#include "workflow/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "json/escape.h"

namespace tidegate::workflow {
namespace {

constexpr std::array<std::pair<std::string_view, NeedField>, 6> kNeedFields{
    {{"result", NeedField::result},
     {"output", NeedField::output},
     {"outputs", NeedField::outputs},
     {"succeeded", NeedField::succeeded},
     {"failed", NeedField::failed},
     {"cost_usd", NeedField::cost_usd}}};
constexpr std::array<std::pair<std::string_view, Op>, 4> kStatus{{{"always", Op::always},
                                                                  {"success", Op::success},
                                                                  {"failure", Op::failure},
                                                                  {"cancelled", Op::cancelled}}};
constexpr std::array<std::pair<std::string_view, Op>, 6> kComparisons{{{"==", Op::equal},
                                                                       {"!=", Op::unequal},
                                                                       {"<=", Op::at_most},
                                                                       {">=", Op::at_least},
                                                                       {"<", Op::less},
                                                                       {">", Op::greater}}};
constexpr std::array<std::string_view, 4> kRunMembers{"id", "name", "date", "time"};
constexpr std::array<std::string_view, 10> kRoots{
    "inputs", "needs",    "item",      "item_index", "item_key",
    "run",    "always()", "success()", "failure()",  "cancelled()"};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }

template <class Names>
std::string near(std::string_view word, const Names& names) {
  std::vector<std::string> all;
  for (const auto& name : names) {
    if constexpr (requires { name.first; }) {
      all.emplace_back(name.first);
    } else if constexpr (requires { name.name; }) {
      all.emplace_back(name.name);
    } else {
      all.emplace_back(name);
    }
  }
  return did_you_mean(word, all);
}

}  // namespace

ExpressionParser::ExpressionParser(std::string_view text)
    : program_(std::make_shared<ExpressionProgram>()) {
  program_->source = text;
  source_ = program_->source;
}

std::shared_ptr<const ExpressionProgram> ExpressionParser::parse(std::size_t base) {
  if (source_.size() > Expression::kMaxBytes) {
    wrong(0, fmt::format("longer than {} bytes; make it shorter", Expression::kMaxBytes));
    return nullptr;
  }
  next();
  const Index whole = either();
  if (!failed() && token_ != Token::end) {
    wrong(begin_,
          fmt::format("\"{}\" is not expected here; expected an operator, | or the end", text_));
  }
  if (failed()) return nullptr;
  mark(whole, false);
  for (Reference& reference : program_->references) reference.offset += base;
  program_->nodes.shrink_to_fit();
  return std::move(program_);
}

void ExpressionParser::wrong(std::size_t offset, std::string message) {
  if (!failed_) error_ = {offset, std::move(message)};
  failed_ = true;
  token_ = Token::end;
}

void ExpressionParser::next() {
  if (failed()) return;
  while (at_ < source_.size() && (source_[at_] == ' ' || source_[at_] == '\t' ||
                                  source_[at_] == '\n' || source_[at_] == '\r')) {
    ++at_;
  }
  begin_ = at_;
  token_ = Token::end;
  text_ = {};
  if (at_ == source_.size()) return;
  const char c = source_[at_];
  if (is_name_start(c)) {
    while (at_ < source_.size() && is_name(source_[at_])) ++at_;
    token_ = Token::name;
  } else if (is_digit(c) || (c == '-' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]))) {
    read_number();
  } else if (c == '\'' || c == '"') {
    read_string(c);
  } else {
    static constexpr std::array<std::string_view, 15> kSymbols{
        "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", "|"};
    const std::string_view rest = source_.substr(at_);
    const auto symbol = std::ranges::find_if(
        kSymbols, [&](std::string_view candidate) { return rest.starts_with(candidate); });
    if (symbol == kSymbols.end()) {
      const bool single = c == '=' || c == '&';
      return wrong(begin_, single
                               ? fmt::format("\"{0}\" is not an operator. Did you mean {0}{0}?", c)
                               : std::string("a character that no expression has; expected a "
                                             "name, a number, a 'text' or an operator"));
    }
    token_ = Token::symbol;
    at_ += symbol->size();
  }
  text_ = source_.substr(begin_, at_ - begin_);
}

void ExpressionParser::read_number() {
  const char* begin = source_.data() + at_;
  const char* end = source_.data() + source_.size();
  std::int64_t whole = 0;
  const auto integer = std::from_chars(begin, end, whole);
  double real = 0;
  const auto any = std::from_chars(begin, end, real);
  const bool is_whole = integer.ec == std::errc{} && integer.ptr == any.ptr;
  if (any.ec != std::errc{}) return wrong(at_, "a number that is out of range");
  value_ = is_whole ? Value(whole) : Value(real);
  at_ += static_cast<std::size_t>(any.ptr - begin);
  if (at_ < source_.size() && is_name(source_[at_])) {
    return wrong(begin_, "not a number; expected digits alone, e.g. 3 or 0.5");
  }
  token_ = Token::number;
}

void ExpressionParser::read_string(char quote) {
  std::string text;
  std::size_t end = at_ + 1;
  for (;; ++end) {
    if (end >= source_.size()) {
      return wrong(begin_, fmt::format("a text without its closing {}", quote));
    }
    if (quote == '"' && source_[end] == '\\') {
      ++end;
    } else if (source_[end] == quote) {
      if (quote == '\'' && end + 1 < source_.size() && source_[end + 1] == '\'') {
        ++end;
        continue;
      }
      break;
    }
  }
  const std::string_view raw = source_.substr(at_ + 1, end - at_ - 1);
  if (quote == '\'') {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      text += raw[i];
      if (raw[i] == '\'') ++i;
    }
  } else if (!json::append_unescaped(text, raw)) {
    return wrong(begin_, "an escape that JSON does not have; expected \\n, \\\", \\\\ or \\u0041");
  }
  value_ = Value(std::move(text));
  at_ = end + 1;
  token_ = Token::string;
}

bool ExpressionParser::take(std::string_view symbol) {
  if (!at(symbol)) return false;
  next();
  return true;
}

bool ExpressionParser::expect(std::string_view symbol) {
  if (failed()) return false;
  if (take(symbol)) return true;
  if (!failed()) {
    wrong(begin_, token_ == Token::end ? fmt::format("ends too early; expected {}", symbol)
                                       : fmt::format("\"{}\" is here; expected {}", text_, symbol));
  }
  return false;
}

ExpressionParser::Index ExpressionParser::add(ExpressionNode node) {
  program_->nodes.push_back(node);
  reference_of_.push_back(ExpressionNode::kNone);
  return static_cast<Index>(program_->nodes.size() - 1);
}

ExpressionParser::Index ExpressionParser::literal(Value value) {
  program_->literals.push_back(std::move(value));
  return add({.op = Op::literal, .a = static_cast<Index>(program_->literals.size() - 1)});
}

void ExpressionParser::name(ExpressionNode& node, std::string_view view) const {
  node.name_begin = static_cast<std::uint16_t>(view.data() - source_.data());
  node.name_size = static_cast<std::uint16_t>(view.size());
}

// NOLINTBEGIN(misc-no-recursion): ends at kMaxDepth
ExpressionParser::Index ExpressionParser::either() {
  if (++depth_ > Expression::kMaxDepth) wrong(begin_, "nested too deeply");
  Index left = both();
  while (!failed() && take("||")) {
    const Index right = both();
    left = add({.op = Op::either, .a = left, .b = right});
  }
  --depth_;
  return left;
}

ExpressionParser::Index ExpressionParser::both() {
  Index left = comparison();
  while (!failed() && take("&&")) {
    const Index right = comparison();
    left = add({.op = Op::both, .a = left, .b = right});
  }
  return left;
}

ExpressionParser::Index ExpressionParser::comparison() {
  const Index left = unary();
  for (const auto& [symbol, op] : kComparisons) {
    if (failed() || !take(symbol)) continue;
    const Index right = unary();
    for (const auto& again : kComparisons) {
      if (at(again.first)) {
        wrong(begin_, "comparisons do not follow one another; join them with &&");
      }
    }
    return add({.op = op, .a = left, .b = right});
  }
  return left;
}

ExpressionParser::Index ExpressionParser::unary() {
  if (!take("!")) return filtered();
  if (++depth_ > Expression::kMaxDepth) wrong(begin_, "nested too deeply");
  const Index of = unary();
  --depth_;
  return add({.op = Op::negate, .a = of});
}

ExpressionParser::Index ExpressionParser::filtered() {
  Index of = primary();
  while (!failed() && take("|")) of = filter(of);
  return of;
}

ExpressionParser::Index ExpressionParser::filter(Index of) {
  const std::size_t offset = begin_;
  const std::string_view word = text_;
  if (token_ != Token::name) {
    wrong(offset, "expected the name of a filter after |, e.g. json");
    return of;
  }
  const auto forms = filter_forms();
  const auto form = std::ranges::find(forms, word, &FilterForm::name);
  if (form == forms.end()) {
    wrong(offset, fmt::format("{}: no such filter; expected default(...), json, length, join(...), "
                              "first, last, compact, lines, trim or results_table.{}",
                              word, near(word, forms)));
    return of;
  }
  next();
  Index argument = ExpressionNode::kNone;
  if (take("(")) {
    if (!at(")")) {
      if (!form->takes_argument) {
        wrong(begin_, fmt::format("{} takes no argument; leave out the parentheses", word));
      }
      argument = either();
    }
    expect(")");
  }
  if (!failed() && form->needs_argument && argument == ExpressionNode::kNone) {
    wrong(offset, fmt::format("{0} needs an argument, e.g. {0}('none')", word));
  }
  if (!failed() && form->filter == Filter::results_table && program_->nodes[of].op != Op::needs) {
    wrong(offset, "results_table makes a table of all needs; expected: needs | results_table");
  }
  return add({.op = Op::filter, .filter = form->filter, .a = of, .b = argument});
}

ExpressionParser::Index ExpressionParser::primary() {
  const std::size_t offset = begin_;
  switch (token_) {
    case Token::number:
    case Token::string: {
      const Index value = literal(std::move(value_));
      next();
      return value;
    }
    case Token::name: {
      const std::string_view word = text_;
      next();
      return root(word, offset);
    }
    case Token::symbol:
      if (take("(")) {
        const Index inside = either();
        expect(")");
        return path(inside);
      }
      break;
    case Token::end:
    case Token::bad:
      break;
  }
  if (!failed()) {
    wrong(offset, token_ == Token::end
                      ? std::string("ends too early; expected a value, e.g. inputs.name")
                      : fmt::format("\"{}\" is here; expected a value, e.g. inputs.name", text_));
  }
  return literal({});
}

ExpressionParser::Index ExpressionParser::root(std::string_view word, std::size_t offset) {
  using Root = Reference::Root;
  if (word == "null") return literal({});
  if (word == "true" || word == "false") return literal(Value(word == "true"));
  if (word == "needs") return need(offset);

  ExpressionNode node;
  Reference reference{.root = Root::item, .name = {}, .field = {}, .offset = offset};
  if (word == "inputs" || word == "run") {
    node.op = word == "run" ? Op::run : Op::input;
    reference.root = word == "run" ? Root::run : Root::input;
    if (!expect(".")) return literal({});
    reference.name = member_name();
    if (word == "run" && !failed() &&
        std::ranges::find(kRunMembers, reference.name) == kRunMembers.end()) {
      wrong(offset, fmt::format("run.{}: no such value; expected run.id, run.name, run.date or "
                                "run.time.{}",
                                reference.name, near(reference.name, kRunMembers)));
    }
    name(node, reference.name);
  } else if (word == "item" || word == "item_index" || word == "item_key") {
    node.op = word == "item" ? Op::item : word == "item_key" ? Op::item_key : Op::item_index;
  } else if (const auto status = std::ranges::find(kStatus, word, [](auto& s) { return s.first; });
             status != kStatus.end()) {
    node.op = status->second;
    reference.root = Root::status;
    reference.name = word;
    if (!expect("(") || !expect(")")) return literal({});
  } else {
    wrong(offset, fmt::format("{}: unknown; expected inputs.NAME, needs.TASK.output, item, run.id, "
                              "a 'text' or a number.{}",
                              word, near(word, kRoots)));
    return literal({});
  }
  const Index added = add(node);
  reference_of_[added] = static_cast<std::uint16_t>(program_->references.size());
  program_->references.push_back(reference);
  return path(added);
}

ExpressionParser::Index ExpressionParser::need(std::size_t offset) {
  using Root = Reference::Root;
  Reference reference{.root = Root::needs, .name = {}, .field = {}, .offset = offset};
  ExpressionNode node{.op = Op::needs};
  if (take(".")) {
    reference.root = Root::need;
    reference.name = member_name();
    if (failed()) return literal({});
    if (!take(".")) {
      if (!failed()) {
        wrong(offset,
              fmt::format("needs.{0} alone has no value; expected needs.{0}.output, .result, "
                          ".outputs, .succeeded, .failed or .cost_usd",
                          reference.name));
      }
      return literal({});
    }
    const std::size_t field_at = begin_;
    reference.field = member_name();
    if (failed()) return literal({});
    const auto field =
        std::ranges::find(kNeedFields, reference.field, [](const auto& f) { return f.first; });
    if (field == kNeedFields.end()) {
      wrong(field_at,
            fmt::format("needs.{}.{}: no such field; expected result, output, outputs, "
                        "succeeded, failed or cost_usd.{}",
                        reference.name, reference.field, near(reference.field, kNeedFields)));
      return literal({});
    }
    node.op = Op::need;
    node.field = field->second;
    name(node, reference.name);
  } else if (!at("|")) {
    if (!failed())
      wrong(offset, "needs alone is for needs | results_table; expected needs.TASK.output");
    return literal({});
  }
  const Index added = add(node);
  reference_of_[added] = static_cast<std::uint16_t>(program_->references.size());
  program_->references.push_back(reference);
  return node.op == Op::need ? path(added) : added;
}

ExpressionParser::Index ExpressionParser::path(Index from) {
  while (!failed()) {
    if (take(".")) {
      ExpressionNode node{.op = Op::member, .a = from};
      name(node, member_name());
      from = add(node);
    } else if (take("[")) {
      const Index index = either();
      expect("]");
      from = add({.op = Op::index, .a = from, .b = index});
    } else {
      break;
    }
  }
  return from;
}
// NOLINTEND(misc-no-recursion)

std::string_view ExpressionParser::member_name() {
  if (failed()) return {};
  if (token_ != Token::name) {
    wrong(begin_,
          "expected a name after the dot (letters, digits, _ and -); for another name write "
          "['the name']");
    return {};
  }
  const std::string_view word = text_;
  next();
  return word;
}

void ExpressionParser::mark(Index at, bool optional) {  // NOLINT(misc-no-recursion): as parsed
  const ExpressionNode& node = program_->nodes[at];
  if (const auto reference = reference_of_[at]; reference != ExpressionNode::kNone) {
    program_->references[reference].optional = optional;
  }
  switch (node.op) {
    case Op::member:
      return mark(node.a, optional);
    case Op::index:
      mark(node.b, true);
      return mark(node.a, optional);
    case Op::filter:
      if (node.filter == Filter::otherwise) {
        mark(node.a, true);
        return mark(node.b, optional);
      }
      if (node.b != ExpressionNode::kNone) mark(node.b, true);
      return mark(node.a, optional || node.filter == Filter::results_table);
    case Op::negate:
      return mark(node.a, true);
    case Op::both:
    case Op::either:
    case Op::equal:
    case Op::unequal:
    case Op::less:
    case Op::at_most:
    case Op::greater:
    case Op::at_least:
      mark(node.a, true);
      return mark(node.b, true);
    default:
      return;
  }
}

}  // namespace tidegate::workflow
