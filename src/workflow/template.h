// Template: a text with ${{ expressions }} in it, compiled once and rendered in one pass: what an
// expression gives is put in as it is and never looked at again, so that no output of a model can
// become an expression. Immutable once compiled, any thread; as large as a pointer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "workflow/expression.h"
#include "workflow/scope.h"
#include "workflow/value.h"

namespace tidegate::workflow {

// A rendered text in parts, by where they come from: what must stay (the author's words) and what a
// context policy may shorten (outputs of tasks).
struct Piece {
  enum class Origin : std::uint8_t { author, input, need };
  Origin origin = Origin::author;
  std::string task;  // of need: whose output, the first if it names several
  // Shared with the value where that is a string; else made for this piece.
  std::shared_ptr<const std::string> text;
};

struct TemplateProgram;  // template.cpp

class Template {
 public:
  Template() = default;  // the empty text
  // All wrong expressions at once. Offsets count in bytes of `text`.
  static std::expected<Template, std::vector<ExpressionError>> compile(std::string_view text);

  // A text in which ${{ has no meaning: the content of a file that is data.
  static Template literal(std::string_view text);
  // evaluate() gives `value`.
  static Template constant(Value value);

  [[nodiscard]] bool empty() const { return program_ == nullptr; }
  // The text. Error invalid: an expression without a value (`field` is its text) and no default().
  [[nodiscard]] Result<std::string> render(const Scope& scope) const;
  // The same, in pieces.
  [[nodiscard]] Result<std::vector<Piece>> pieces(const Scope& scope) const;
  // A text that is one expression and nothing else gives its value, null included; any other text
  // gives a string, as render() does.
  [[nodiscard]] Result<Value> evaluate(const Scope& scope) const;

  // Of all its expressions.
  [[nodiscard]] std::vector<Reference> references() const;
  [[nodiscard]] bool is_constant() const;  // names nothing
  // Its one expression, if it is one and nothing else; else empty.
  [[nodiscard]] Expression single() const;
  // As written.
  [[nodiscard]] std::string_view source() const;
  // Bytes of what is not in expressions: for estimates.
  [[nodiscard]] std::size_t literal_bytes() const;

 private:
  std::shared_ptr<const TemplateProgram> program_;
};

}  // namespace tidegate::workflow
