// The policy: ordered rules, of which the first that holds names the route.
// Built from the configuration, used by decide(). Immutable, any thread; decide() and explain()
// allocate nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "routing/expression.h"
#include "routing/facts.h"
#include "routing/reason.h"

namespace tidegate::routing {

struct Match {
  int rule = 0;           // from 1
  std::size_t route = 0;  // index into the names given to build()
};

class Policy {
 public:
  Policy() = default;

  // Adds each error of each expression to `problems`, at its place in the file; such a rule and one
  // whose route is unknown are left out. (config::check() has reported unknown routes and a last
  // rule that can fail.)
  static Policy build(std::span<const config::PolicyRule> rules,
                      std::span<const std::string> routes, std::vector<config::Problem>& problems);

  // nullopt when no rule holds: there is no policy, or not one that passed config::check().
  // Only rules after the number `after`.
  [[nodiscard]] std::optional<Match> decide(const Facts& facts, int after = 0) const;

  // "rule 2: context_tokens=231042 > 200000, tool_density=0.12 < 0.3": what the deciding rule asks
  // for, comparisons that hold in full, of other variables the value alone.
  void explain(const Match& match, const Facts& facts, Reason& reason) const;

  [[nodiscard]] bool empty() const { return rules_.empty(); }
  [[nodiscard]] bool uses(std::string_view variable) const;

 private:
  struct Rule {
    int number = 0;
    std::optional<Expression> when{};  // absent: always
    std::size_t route = 0;
  };
  std::vector<Rule> rules_;
};

}  // namespace tidegate::routing
