#include "routing/policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::routing {
namespace {

// Where an error inside a rule's expression stands in the file. Exact when the expression is on the
// line where it starts; folded and block scalars lose their line ends and indentation in YAML.
config::Position place(const config::PolicyRule& rule, const ExpressionError& error) {
  config::Position at = rule.at;
  if (error.line > 1) {
    at.line += error.line - 1;
    at.column = error.column;
  } else {
    at.column += error.column - 1 + (rule.quoted ? 1 : 0);
  }
  return at;
}

void add_value(const Variable& variable, const Facts& facts, Reason& reason) {
  constexpr std::size_t kMaxShown = 40;
  const Value value = variable.read(facts);
  reason.add(variable.name).add("=");
  switch (variable.type) {
    case Type::boolean:
      reason.add(std::string_view(value.boolean ? "true" : "false"));
      break;
    case Type::integer:
      reason.add(value.integer);
      break;
    case Type::real:
      reason.add(value.real);
      break;
    case Type::string:
      reason.add(value.view().substr(0, kMaxShown));
      break;
  }
}

}  // namespace

Policy Policy::build(std::span<const config::PolicyRule> rules, std::span<const std::string> routes,
                     std::vector<config::Problem>& problems) {
  Policy policy;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const config::PolicyRule& source = rules[i];
    Rule rule{.number = static_cast<int>(i + 1)};
    const auto route = std::ranges::find(routes, source.route);
    rule.route = static_cast<std::size_t>(route - routes.begin());
    bool usable = route != routes.end();
    if (!source.when.empty()) {
      auto compiled = Expression::compile(source.when);
      if (compiled) {
        rule.when = std::move(*compiled);
      } else {
        usable = false;
        for (const ExpressionError& error : compiled.error()) {
          problems.push_back(
              {place(source, error), fmt::format("policy[{}].when: {}", i + 1, error.message)});
        }
      }
    }
    if (usable) policy.rules_.push_back(std::move(rule));
  }
  return policy;
}

std::optional<Match> Policy::decide(const Facts& facts, int after) const {
  for (const Rule& rule : rules_) {
    if (rule.number <= after) continue;
    if (!rule.when || rule.when->holds(facts)) return Match{rule.number, rule.route};
  }
  return std::nullopt;
}

void Policy::explain(const Match& match, const Facts& facts, Reason& reason) const {
  reason.add("rule ").add(std::int64_t{match.rule}).add(": ");
  const auto rule = std::ranges::find(rules_, match.rule, &Rule::number);
  if (rule == rules_.end() || !rule->when) {
    reason.add("no other rule held");
    return;
  }
  const std::vector<Evidence>& evidence = rule->when->evidence();
  const auto holds = [&](const Evidence& item) {
    return item.relation != Relation::none && item.holds(facts);
  };
  std::uint32_t shown = 0;  // variables, so that the false half of an || is not added to the true
  for (const Evidence& item : evidence) {
    if (holds(item)) shown |= 1u << item.variable;
  }
  bool first = true;
  for (const Evidence& item : evidence) {
    const bool in_full = holds(item);
    if (!in_full && (shown >> item.variable & 1u) != 0) continue;
    shown |= 1u << item.variable;
    if (!first) reason.add(", ");
    first = false;
    add_value(variables()[item.variable], facts, reason);
    if (in_full) reason.add(item.text);
  }
}

bool Policy::uses(std::string_view variable) const {
  return std::ranges::any_of(
      rules_, [&](const Rule& rule) { return rule.when && rule.when->uses(variable); });
}

}  // namespace tidegate::routing
