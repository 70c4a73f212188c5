#include "routing/expression.h"

#include "routing/compiler.h"

namespace tidegate::routing {

std::expected<Expression, std::vector<ExpressionError>> Expression::compile(
    std::string_view source) {
  return Compiler(source).compile();
}

bool Expression::uses(std::string_view variable) const {
  for (std::size_t i = 0; i < variables().size(); ++i) {
    if ((variables_ >> i & 1u) != 0 && variables()[i].name == variable) return true;
  }
  return false;
}

bool Evidence::holds(const Facts& facts) const {
  const Variable& asked = variables()[variable];
  const Value value = asked.read(facts);
  switch (asked.type) {
    case Type::string:
      return routing::holds(relation, value.view(), literal.view());
    case Type::boolean:
      return (value.boolean == literal.boolean) == (relation == Relation::equal);
    default:
      break;
  }
  if (asked.type == Type::integer && literal_type == Type::integer) {
    return routing::holds(relation, value.integer, literal.integer);
  }
  const auto real = [](Type type, const Value& number) {
    return type == Type::real ? number.real : static_cast<double>(number.integer);
  };
  return routing::holds(relation, real(asked.type, value), real(literal_type, literal));
}

}  // namespace tidegate::routing
