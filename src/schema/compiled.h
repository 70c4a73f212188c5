// Compiled: a schema as the rules of its subschemas. Made by the Compiler, held against texts by
// evaluations. Immutable afterwards, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/formats.h"
#include "schema/pattern.h"
#include "schema/tree.h"

namespace tidegate::schema {

// Index of a subschema's rules; 0 is the whole schema.
using RulesIndex = std::uint32_t;

enum class Type : std::uint8_t { null, boolean, object, array, number, string, integer };
inline constexpr std::uint8_t kAnyType = 0x7f;
[[nodiscard]] constexpr std::uint8_t bit(Type type) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type));
}

struct NamedRules {
  std::string_view name;
  RulesIndex rules = 0;
};

struct PatternRules {
  std::shared_ptr<const Pattern> pattern;
  RulesIndex rules = 0;
};

// What stands for "at least" and "at most" of lengths and counts.
struct Span {
  std::uint64_t least = 0;
  std::optional<std::uint64_t> most;
};

// What one subschema demands; what is absent demands nothing.
struct Rules {
  bool never = false;  // the schema `false`
  std::uint8_t types = kAnyType;
  std::string type_names;  // "a string or null"
  // The values of const or enum, by hash; a null list: any value.
  std::optional<std::vector<std::pair<std::uint64_t, NodeIndex>>> choices;

  std::optional<double> minimum, maximum, above, below, multiple_of;

  Span length;
  std::shared_ptr<const Pattern> pattern;
  const Format* format = nullptr;

  Span members;
  std::vector<std::string_view> required;
  std::vector<NamedRules> properties;  // by name
  std::vector<PatternRules> pattern_properties;
  std::optional<RulesIndex> other_properties, property_names;
  std::vector<std::pair<std::string_view, std::vector<std::string_view>>> dependent_required;

  Span items;
  bool unique_items = false;
  std::vector<RulesIndex> first_items;
  std::optional<RulesIndex> other_items, contains;
  Span contained{.least = 1, .most = {}};

  // Of the same value.
  std::vector<RulesIndex> all_of, any_of, one_of;  // a reference is one of all_of
  std::optional<RulesIndex> negated, condition, then, otherwise;
  std::vector<NamedRules> dependent_schemas;
};

struct Compiled {
  std::string text;  // the tree's
  Tree tree;
  std::vector<Rules> rules;
  std::vector<std::string> unchecked;
};

}  // namespace tidegate::schema
