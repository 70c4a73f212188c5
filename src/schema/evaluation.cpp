#include "schema/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "json/escape.h"

namespace tidegate::schema {
namespace {

using json::Kind;

// A few ten milliseconds. An answer of 2 KB that fits a schema of 50 properties takes some
// hundreds.
constexpr std::uint64_t kMaxSteps = 2'000'000;

bool is_integer(const Node& node) {
  if (!std::isfinite(node.number)) return node.text.find('.') == std::string_view::npos;
  return std::trunc(node.number) == node.number;
}

std::uint8_t types_of(const Node& node) {
  switch (node.kind) {
    case Kind::object:
      return bit(Type::object);
    case Kind::array:
      return bit(Type::array);
    case Kind::string:
      return bit(Type::string);
    case Kind::number:
      return bit(Type::number) | (is_integer(node) ? bit(Type::integer) : std::uint8_t{0});
    case Kind::boolean:
      return bit(Type::boolean);
    default:
      return bit(Type::null);
  }
}

std::string found(const Node& node) {
  switch (node.kind) {
    case Kind::object:
      return "an object";
    case Kind::array:
      return "an array";
    case Kind::string:
      return "a string";
    case Kind::number:
      return is_integer(node) ? "an integer" : "a number";
    case Kind::boolean:
      return "true or false";
    default:
      return "null";
  }
}

// Decimal fractions are not exact as doubles: what rounding can have done does not count.
bool is_multiple(double number, double of) {
  if (!std::isfinite(number)) return true;
  const double rest = std::abs(std::remainder(number, of));
  const double rounding = std::max(of * 1e-9, std::abs(number) * 4e-16);
  return rest <= std::min(rounding, of / 4);
}

std::uint64_t characters(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// "at least 2 items", "from 2 to 5 items"
std::string say(const Span& span, std::string_view one, std::string_view many) {
  const auto unit = [&](std::uint64_t count) { return count == 1 ? one : many; };
  if (!span.most) return fmt::format("at least {} {}", span.least, unit(span.least));
  if (span.least == 0) return fmt::format("at most {} {}", *span.most, unit(*span.most));
  return fmt::format("from {} to {} {}", span.least, *span.most, many);
}

bool is_within(std::uint64_t count, const Span& span) {
  return count >= span.least && (!span.most || count <= *span.most);
}

}  // namespace

Result<std::vector<Violation>> Evaluation::run() {
  std::vector<Violation> violations;
  violations_ = &violations;
  check(0, 0, {});
  if (spent_) {
    return fail(ErrorCode::too_large, "takes more steps to check against the schema than allowed");
  }
  return violations;
}

void Evaluation::spend(std::uint64_t steps) {
  steps_ += steps;
  spent_ = spent_ || steps_ > kMaxSteps;
}

void Evaluation::append_pointer(std::string& out, const Place& place) {
  if (place.parent == nullptr) return;
  append_pointer(out, *place.parent);
  append_token(out, place.member ? place.key : std::string_view(std::to_string(place.number)));
}

bool Evaluation::report(const Place& place, std::string expected, std::string found) {
  if (violations_ == nullptr || full()) return false;
  Violation& violation = violations_->emplace_back();
  append_pointer(violation.path, place);
  violation.expected = std::move(expected);
  violation.found = std::move(found);
  return false;
}

bool Evaluation::fits(RulesIndex index, NodeIndex at, const Place& place) {
  std::vector<Violation>* const reported = std::exchange(violations_, nullptr);
  const bool good = check(index, at, place);
  violations_ = reported;
  return good;
}

bool Evaluation::check(RulesIndex index, NodeIndex at, const Place& place) {
  spend(1);
  if (spent_) return true;
  const Rules& rules = schema_.rules[index];
  const Node& node = tree_[at];
  if (rules.never) return report(place, "nothing here", found(node));
  // What else is wrong with a value of another type is no news.
  if (!is_typed(rules, node, place) || !is_chosen(rules, at, place)) return false;
  bool good = true;
  if (node.kind == Kind::number) good = number(rules, node, place);
  if (node.kind == Kind::string) good = string(rules, node, place);
  if (node.kind == Kind::object) good = object(rules, at, place);
  if (node.kind == Kind::array) good = array(rules, at, place);
  return goes_on(good) ? combined(rules, at, place) && good : good;
}

bool Evaluation::is_typed(const Rules& rules, const Node& node, const Place& place) {
  return (rules.types & types_of(node)) != 0 || report(place, rules.type_names, found(node));
}

bool Evaluation::is_chosen(const Rules& rules, NodeIndex at, const Place& place) {
  if (!rules.choices) return true;
  spend(tree_[at].next - at + tree_[at].text.size() / 64);
  const std::uint64_t hash = tree_.hash(at);
  const auto first = std::ranges::lower_bound(*rules.choices, std::pair{hash, NodeIndex{0}});
  for (auto choice = first; choice != rules.choices->end() && choice->first == hash; ++choice) {
    if (equal(tree_, at, schema_.tree, choice->second)) return true;
  }
  if (violations_ == nullptr) return false;
  constexpr std::size_t kShown = 8, kMostBytes = 200;
  std::string expected;
  // In the schema's order, not in that of the hashes.
  std::vector<NodeIndex> choices;
  for (const auto& choice : *rules.choices) choices.push_back(choice.second);
  std::ranges::sort(choices);
  for (std::size_t i = 0; i < choices.size() && i < kShown; ++i) {
    const Node& choice = schema_.tree[choices[i]];
    if (choice.kind == Kind::object || choice.kind == Kind::array)
      return report(place, "one of the values that the schema lists",
                    found(tree_[at]) + " that is none");
    const bool quoted = choice.kind == Kind::string;
    expected += fmt::format("{}{}{}{}", i == 0 ? "" : ", ", quoted ? "\"" : "", choice.text,
                            quoted ? "\"" : "");
    if (expected.size() > kMostBytes) {
      return report(place, "one of the values that the schema lists",
                    found(tree_[at]) + " that is none");
    }
  }
  if (choices.size() > kShown) expected += ", ...";
  return report(place, (choices.size() == 1 ? "" : "one of ") + expected,
                "another value, " + found(tree_[at]));
}

bool Evaluation::number(const Rules& rules, const Node& node, const Place& place) {
  const double value = node.number;
  if (rules.minimum && value < *rules.minimum) {
    return report(place, fmt::format("a number of at least {}", *rules.minimum), "a smaller one");
  }
  if (rules.maximum && value > *rules.maximum) {
    return report(place, fmt::format("a number of at most {}", *rules.maximum), "a larger one");
  }
  if (rules.above && value <= *rules.above) {
    return report(place, fmt::format("a number above {}", *rules.above), "a smaller or equal one");
  }
  if (rules.below && value >= *rules.below) {
    return report(place, fmt::format("a number below {}", *rules.below), "a larger or equal one");
  }
  if (rules.multiple_of && !is_multiple(value, *rules.multiple_of)) {
    return report(place, fmt::format("a multiple of {}", *rules.multiple_of), "another number");
  }
  return true;
}

bool Evaluation::string(const Rules& rules, const Node& node, const Place& place) {
  bool good = true;
  const bool measured = rules.length.least != 0 || rules.length.most;
  spend(node.text.size() / 64);
  if (const std::uint64_t length = measured ? characters(node.text) : 0;
      measured && !is_within(length, rules.length)) {
    good = report(place, say(rules.length, "character", "characters"), std::to_string(length));
  }
  if (rules.pattern != nullptr) {
    spend(rules.pattern->cost(node.text));
    if (!spent_ && !rules.pattern->matches(node.text)) {
      good = report(place, "a string of the pattern that the schema demands", "another string");
    }
  }
  if (rules.format != nullptr && !rules.format->holds(node.text)) {
    good = report(place, std::string(rules.format->described), "another string");
  }
  return good;
}

bool Evaluation::object(const Rules& rules, NodeIndex at, const Place& place) {
  const Node& node = tree_[at];
  bool good = true;
  if (!is_within(node.size, rules.members)) {
    good = report(place, say(rules.members, "member", "members"), std::to_string(node.size));
  }
  if (goes_on(good)) good = names(rules, at, place) && good;
  const bool by_name = !rules.properties.empty() || !rules.pattern_properties.empty() ||
                       rules.other_properties || rules.property_names;
  for (NodeIndex child = at + 1; by_name && child < node.next && goes_on(good);
       child = tree_[child].next) {
    const Place here{&place, tree_[child].key, 0, true};
    good = member(rules, child, here) && good;
  }
  for (const NamedRules& dependent : rules.dependent_schemas) {
    if (!goes_on(good)) break;
    spend(node.size);
    if (tree_.find(at, dependent.name) != 0) good = check(dependent.rules, at, place) && good;
  }
  return good;
}

// The members that must be there.
bool Evaluation::names(const Rules& rules, NodeIndex at, const Place& place) {
  bool good = true;
  const auto demand = [&](std::string_view name) {
    if (!goes_on(good)) return;
    spend(1 + tree_[at].size);
    if (spent_ || tree_.find(at, name) != 0) return;
    good = report(place, fmt::format("a member \"{}\"", name), "none");
  };
  for (const std::string_view name : rules.required) demand(name);
  for (const auto& [name, others] : rules.dependent_required) {
    if (!goes_on(good)) break;
    spend(1 + tree_[at].size);
    if (tree_.find(at, name) == 0) continue;
    for (const std::string_view other : others) demand(other);
  }
  return good;
}

bool Evaluation::member(const Rules& rules, NodeIndex at, const Place& place) {
  const std::string_view name = tree_[at].key;
  bool good = true, named = false;
  if (rules.property_names) {
    // A name is a string of its own, which no tree holds.
    const std::string quoted = '"' + json::escape(name) + '"';
    const Result<Tree> text = Tree::parse(quoted);
    spend(2);
    Evaluation of_name(schema_, *text);
    of_name.steps_ = steps_;
    const bool fitting = of_name.check(*rules.property_names, 0, place);
    steps_ = of_name.steps_;
    spent_ = of_name.spent_;
    if (!fitting) good = report(place, "a name that the schema allows", "another name");
  }
  const auto known = std::ranges::lower_bound(rules.properties, name, {}, &NamedRules::name);
  if (known != rules.properties.end() && known->name == name) {
    named = true;
    if (goes_on(good)) good = check(known->rules, at, place) && good;
  }
  for (const PatternRules& each : rules.pattern_properties) {
    if (!goes_on(good)) return good;
    spend(each.pattern->cost(name));
    if (!each.pattern->matches(name)) continue;
    named = true;
    good = check(each.rules, at, place) && good;
  }
  if (named || !rules.other_properties || !goes_on(good)) return good;
  if (schema_.rules[*rules.other_properties].never) {
    return report(place, "no member of this name", found(tree_[at]));
  }
  return check(*rules.other_properties, at, place) && good;
}

bool Evaluation::array(const Rules& rules, NodeIndex at, const Place& place) {
  const Node& node = tree_[at];
  bool good = true;
  if (!is_within(node.size, rules.items)) {
    good = report(place, say(rules.items, "item", "items"), std::to_string(node.size));
  }
  std::uint64_t contained = 0;
  std::size_t number = 0;
  for (NodeIndex child = at + 1; child < node.next && goes_on(good);
       child = tree_[child].next, ++number) {
    const Place here{&place, {}, number, false};
    if (number < rules.first_items.size()) {
      good = check(rules.first_items[number], child, here) && good;
    } else if (rules.other_items) {
      good = check(*rules.other_items, child, here) && good;
    } else if (!rules.contains) {
      break;
    }
    if (rules.contains && fits(*rules.contains, child, here)) ++contained;
  }
  if (rules.contains && goes_on(good) && !is_within(contained, rules.contained)) {
    good = report(place, say(rules.contained, "item", "items") + " of the kind in `contains`",
                  std::to_string(contained));
  }
  if (rules.unique_items && goes_on(good) && !is_unique(at)) {
    good = report(place, "items that all differ", "two equal ones");
  }
  return good;
}

bool Evaluation::is_unique(NodeIndex at) {
  spend(2 * (tree_[at].next - at));
  std::vector<std::pair<std::uint64_t, NodeIndex>> items;
  tree_.each(at, [&](NodeIndex child) { items.emplace_back(tree_.hash(child), child); });
  std::ranges::sort(items);
  const auto same = [this](const auto& a, const auto& b) {
    return a.first == b.first && equal(tree_, a.second, tree_, b.second);
  };
  return std::ranges::adjacent_find(items, same) == items.end();
}

bool Evaluation::combined(const Rules& rules, NodeIndex at, const Place& place) {
  bool good = true;
  for (const RulesIndex each : rules.all_of) {
    if (!goes_on(good)) return good;
    good = check(each, at, place) && good;
  }
  if (!rules.any_of.empty() && goes_on(good)) good = any_of(rules, at, place) && good;
  if (!rules.one_of.empty() && goes_on(good)) {
    std::uint64_t fitting = 0;
    for (const RulesIndex each : rules.one_of) fitting += fits(each, at, place) ? 1 : 0;
    if (fitting != 1 && !spent_) {
      good = report(place, fmt::format("a value that fits one of {} schemas", rules.one_of.size()),
                    fitting == 0 ? found(tree_[at]) + " that fits none"
                                 : fmt::format("{} that it fits", fitting));
    }
  }
  if (rules.negated && goes_on(good) && fits(*rules.negated, at, place) && !spent_) {
    good = report(place, "a value that does not fit the schema in `not`", found(tree_[at]));
  }
  if (rules.condition && goes_on(good)) {
    const bool holds = fits(*rules.condition, at, place);
    const std::optional<RulesIndex>& follows = holds ? rules.then : rules.otherwise;
    if (follows) good = check(*follows, at, place) && good;
  }
  return good;
}

// Of several alternatives that do not fit, the one that went deepest into the value is what was
// meant, and its violations are news; else all that can be said is that none fits.
bool Evaluation::any_of(const Rules& rules, NodeIndex at, const Place& place) {
  for (const RulesIndex each : rules.any_of) {
    if (fits(each, at, place)) return true;
  }
  if (violations_ == nullptr || spent_) return spent_;
  std::vector<Violation>* const reported = violations_;
  std::string here;
  append_pointer(here, place);
  std::vector<Violation> best;
  std::string expected;
  for (const RulesIndex each : rules.any_of) {
    std::vector<Violation> wrong;
    violations_ = &wrong;
    check(each, at, place);
    if (wrong.empty()) continue;  // out of steps
    if (expected.size() < 200) {
      expected += (expected.empty() ? "" : ", or ") + wrong.front().expected;
    }
    const auto depth = [&](const std::vector<Violation>& of) {
      return of.empty() ? 0 : of.front().path.size();
    };
    if (depth(wrong) > std::max(here.size(), depth(best))) best = std::move(wrong);
  }
  violations_ = reported;
  if (best.empty()) return report(place, std::move(expected), found(tree_[at]));
  for (Violation& violation : best) {
    if (!full()) reported->push_back(std::move(violation));
  }
  return false;
}

}  // namespace tidegate::schema
