// Which subschemas are held against one and the same value, one after another: such a chain must
// end.
#include <algorithm>

#include "schema/compiler.h"

namespace tidegate::schema {
namespace {

constexpr unsigned kMaxChain = 32;

template <class OnRules>
void each_of_same_value(const Rules& rules, OnRules&& on_rules) {
  for (const auto* list : {&rules.all_of, &rules.any_of, &rules.one_of}) {
    for (const RulesIndex next : *list) on_rules(next);
  }
  for (const auto& next : {rules.negated, rules.condition, rules.then, rules.otherwise}) {
    if (next) on_rules(*next);
  }
  for (const NamedRules& next : rules.dependent_schemas) on_rules(next.rules);
}

class Chains {
 public:
  explicit Chains(const Compiled& compiled) : compiled_(compiled) {}

  // Whether the longest chain from `at`, `above` links from its start, stays within the bound.
  bool ends(RulesIndex at, unsigned above) {
    if (above > kMaxChain) return false;
    if (heights_[at] != 0) return above + heights_[at] - 1 <= kMaxChain;
    unsigned height = 1;
    bool good = true;
    each_of_same_value(compiled_.rules[at], [&](RulesIndex next) {
      good = good && ends(next, above + 1);
      height = std::max(height, heights_[next] + 1);
    });
    heights_[at] = height;
    return good;
  }

 private:
  const Compiled& compiled_;
  std::vector<unsigned> heights_ = std::vector<unsigned>(compiled_.rules.size());
};

}  // namespace

bool has_endless_chain(const Compiled& compiled, RulesIndex& at) {
  Chains chains(compiled);
  for (at = 0; at < compiled.rules.size(); ++at) {
    if (!chains.ends(at, 0)) return true;
  }
  return false;
}

}  // namespace tidegate::schema
