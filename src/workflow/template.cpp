#include "workflow/template.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::workflow {

struct TemplateProgram {
  struct Part {
    std::uint32_t begin = 0, size = 0;  // of a literal in the source
    Expression expression;              // empty: a literal
  };
  std::string source;
  std::vector<Part> parts;

  [[nodiscard]] std::string_view literal(const Part& part) const {
    return std::string_view(source).substr(part.begin, part.size);
  }
};

namespace {

constexpr std::string_view kOpen = "${{";

// Where the }} of an expression stands that begins at `at`; texts in quotes are passed over. npos:
// there is none.
std::size_t find_close(std::string_view text, std::size_t at) {
  char quote = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == '\\' && quote == '"') {
        ++at;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '}' && text.substr(at, 2) == "}}") {
      return at;
    }
  }
  return std::string_view::npos;
}

std::unexpected<Error> no_value(const Expression& expression) {
  return fail(ErrorCode::invalid,
              fmt::format("{0} has no value here (it was not given, or its task was skipped or "
                          "failed); write {0} | default('...') if that may be",
                          expression.source()),
              std::string(expression.source()));
}

Result<Value> value_of(const Expression& expression, const Scope& scope) {
  auto value = expression.evaluate(scope);
  if (value && value->is_null()) return no_value(expression);
  return value;
}

std::shared_ptr<const std::string> as_text(const Value& value) {
  if (auto shared = value.shared_text()) return shared;
  return std::make_shared<const std::string>(value.json());
}

Piece piece_of(const Expression& expression, const Value& value) {
  Piece piece;
  piece.text = as_text(value);
  piece.origin = Piece::Origin::input;
  for (const Reference& reference : expression.references()) {
    if (reference.root != Reference::Root::need || !reference.field.starts_with("output")) continue;
    piece.origin = Piece::Origin::need;
    piece.task = reference.name;
    break;
  }
  return piece;
}

}  // namespace

std::expected<Template, std::vector<ExpressionError>> Template::compile(std::string_view text) {
  Template compiled;
  if (text.empty()) return compiled;
  auto program = std::make_shared<TemplateProgram>();
  program->source = text;
  std::vector<ExpressionError> errors;
  const auto add_literal = [&](std::size_t begin, std::size_t end) {
    if (begin == end) return;
    program->parts.push_back(
        {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin), {}});
  };
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = text.find(kOpen, at);
    add_literal(at, std::min(open, text.size()));
    if (open == std::string_view::npos) break;
    const std::size_t begin = open + kOpen.size();
    const std::size_t close = find_close(text, begin);
    if (close == std::string_view::npos) {
      errors.push_back({open, "${{ without its }}; to write ${{ itself: ${{ '${{' }}"});
      break;
    }
    auto expression = Expression::compile(text.substr(begin, close - begin), begin);
    if (expression) {
      program->parts.push_back({0, 0, std::move(*expression)});
    } else {
      errors.push_back(std::move(expression.error()));
    }
    at = close + 2;
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  program->parts.shrink_to_fit();
  compiled.program_ = std::move(program);
  return compiled;
}

Template Template::literal(std::string_view text) {
  Template made;
  if (text.empty()) return made;
  auto program = std::make_shared<TemplateProgram>();
  program->source = text;
  program->parts.push_back({0, static_cast<std::uint32_t>(text.size()), {}});
  made.program_ = std::move(program);
  return made;
}

Template Template::constant(Value value) {
  Template made;
  auto program = std::make_shared<TemplateProgram>();
  value.append_text(program->source);
  program->parts.push_back({0, 0, Expression::constant(std::move(value))});
  made.program_ = std::move(program);
  return made;
}

bool Template::is_constant() const {
  return empty() || std::ranges::all_of(program_->parts, [](const auto& part) {
           return part.expression.references().empty();
         });
}

Expression Template::single() const {
  return !empty() && program_->parts.size() == 1 ? program_->parts[0].expression : Expression{};
}

Result<std::string> Template::render(const Scope& scope) const {
  std::string out;
  if (empty()) return out;
  for (const auto& part : program_->parts) {
    if (part.expression.empty()) {
      out += program_->literal(part);
      continue;
    }
    const auto value = value_of(part.expression, scope);
    if (!value) return std::unexpected(value.error());
    value->append_text(out);
  }
  return out;
}

Result<std::vector<Piece>> Template::pieces(const Scope& scope) const {
  std::vector<Piece> out;
  if (empty()) return out;
  for (const auto& part : program_->parts) {
    if (part.expression.empty()) {
      out.push_back({Piece::Origin::author,
                     {},
                     std::make_shared<const std::string>(program_->literal(part))});
      continue;
    }
    const auto value = value_of(part.expression, scope);
    if (!value) return std::unexpected(value.error());
    out.push_back(piece_of(part.expression, *value));
  }
  return out;
}

Result<Value> Template::evaluate(const Scope& scope) const {
  if (!empty() && program_->parts.size() == 1 && !program_->parts[0].expression.empty()) {
    return program_->parts[0].expression.evaluate(scope);
  }
  auto text = render(scope);
  if (!text) return std::unexpected(std::move(text.error()));
  return Value(std::move(*text));
}

std::vector<Reference> Template::references() const {
  std::vector<Reference> all;
  if (empty()) return all;
  for (const auto& part : program_->parts) {
    const auto& some = part.expression.references();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string_view Template::source() const {
  return empty() ? std::string_view{} : std::string_view(program_->source);
}

std::size_t Template::literal_bytes() const {
  std::size_t bytes = 0;
  if (empty()) return bytes;
  for (const auto& part : program_->parts) bytes += part.size;
  return bytes;
}

}  // namespace tidegate::workflow
