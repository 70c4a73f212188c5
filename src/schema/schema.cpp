#include "schema/schema.h"

#include <fmt/format.h>

#include "schema/compiler.h"
#include "schema/evaluation.h"

namespace tidegate::schema {

std::string describe(const Violation& violation) {
  return fmt::format("{}{}expected {}, found {}", violation.path.empty() ? "" : "at ",
                     violation.path.empty() ? "" : violation.path + ": ", violation.expected,
                     violation.found);
}

Result<Schema> Schema::compile(std::string_view text) {
  auto compiled = schema::compile(text);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  return Schema(std::move(*compiled));
}

Result<std::vector<Violation>> Schema::validate(std::string_view text) const {
  const Result<Tree> tree = Tree::parse(text);
  if (tree) return Evaluation(*compiled_, *tree).run();
  if (tree.error().code == ErrorCode::too_large) return std::unexpected(tree.error());
  return std::vector<Violation>{{.path = {}, .expected = "JSON", .found = tree.error().message}};
}

const std::vector<std::string>& Schema::unchecked() const { return compiled_->unchecked; }

}  // namespace tidegate::schema
