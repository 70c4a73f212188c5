#include "config/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tidegate::config {
namespace {

void check_policy(const Config& config, Reader& reader) {
  std::vector<std::string> routes;
  for (const Route& route : config.routes) routes.push_back(route.name);
  bool decided = false;
  for (std::size_t i = 0; i < config.policy.size(); ++i) {
    const PolicyRule& rule = config.policy[i];
    if (!rule.route.empty() && std::ranges::find(routes, rule.route) == routes.end()) {
      reader.problem(rule.at, fmt::format("policy[{}].route: there is no route \"{}\".{}", i + 1,
                                          rule.route, did_you_mean(rule.route, routes)));
    }
    if (decided) {
      reader.warning(rule.at, fmt::format("policy[{}]: never reached, a rule before it always "
                                          "holds; remove it or move it up",
                                          i + 1));
    }
    decided = decided || rule.when.empty();
  }
  if (!decided && !config.policy.empty()) {
    reader.problem(config.policy.back().at,
                   "policy: some requests may match no rule; expected a last rule without when, "
                   "e.g. - { route: " +
                       config.routes.front().name + " }");
  }
}

void check_addresses(const Config& config, Reader& reader) {
  if (config.listen == config.admin && !config.listen.ends_with(":0")) {
    reader.problem({config.file, 1, 1},
                   fmt::format("admin: {} is the clients' address (listen) too; expected another",
                               config.admin));
  }
}

// Names of models and client profiles are checked where those are known: gateway/snapshot.cpp.
void check_limit(const Config& config, const Limit& limit, Reader& reader) {
  const auto unknown = [&](const auto& known) {
    std::vector<std::string> names;
    for (const auto& entry : known) names.push_back(entry.name);
    if (std::ranges::find(names, limit.name) != names.end()) return;
    reader.problem(limit.at,
                   fmt::format("limits.scopes: there is no {} \"{}\".{}", name(limit.scope),
                               limit.name, did_you_mean(limit.name, names)));
  };
  if (limit.bounds == RateLimits{.counted = limit.bounds.counted, .burst = limit.bounds.burst}) {
    reader.problem(limit.at,
                   "limits.scopes: it limits nothing; expected at least one bound, e.g. "
                   "requests_per_minute: 60");
  }
  if (limit.name.empty()) {
    return;
  } else if (limit.scope == LimitScope::provider) {
    unknown(config.providers);
  } else if (limit.scope == LimitScope::route) {
    unknown(config.routes);
  }
}

void check_limits(const Config& config, Reader& reader) {
  if (!config.limits) return;
  const std::vector<Limit>& scopes = config.limits->scopes;
  for (auto limit = scopes.begin(); limit != scopes.end(); ++limit) {
    if (limit->scope == LimitScope::global)
      continue;  // its scope is missing or wrong: that is said
    check_limit(config, *limit, reader);
    const bool twice = std::any_of(scopes.begin(), limit, [&](const Limit& other) {
      return other.scope == limit->scope && other.name == limit->name;
    });
    if (!twice) continue;
    const std::string whose = limit->name.empty() ? "each " : "";
    reader.problem(
        limit->at,
        fmt::format("limits.scopes: {}{}{}{} has limits already; put all its bounds "
                    "into one entry",
                    whose, name(limit->scope), limit->name.empty() ? "" : " ", limit->name));
  }
}

// As for limits; the others' names are checked by gateway/snapshot.cpp, or are not known before
// they come.
void check_budget(const Config& config, const Budget& budget, Reader& reader) {
  const auto known = [&](const std::string& wanted, const auto& all, std::string_view what) {
    std::vector<std::string> names;
    for (const auto& entry : all) names.push_back(entry.name);
    if (std::ranges::find(names, wanted) != names.end()) return;
    reader.problem(budget.at, fmt::format("budgets: there is no {} \"{}\".{}", what, wanted,
                                          did_you_mean(wanted, names)));
  };
  if (!budget.name.empty() && budget.scope == BudgetScope::provider) {
    known(budget.name, config.providers, "provider");
  }
  if (!budget.name.empty() && budget.scope == BudgetScope::route) {
    known(budget.name, config.routes, "route");
  }
  if (!budget.downgrade_to.empty()) known(budget.downgrade_to, config.routes, "route");
  if (!budget.name.empty() && budget.scope == BudgetScope::global) {
    reader.problem(budget.at,
                   fmt::format("budgets: scope global is all requests together and takes no name; "
                               "remove name: {} or take another scope",
                               budget.name));
  }
  if (budget.per == BudgetPer::total && budget.time_zone != "UTC") {
    reader.warning(budget.at, "budgets: time_zone has no meaning for per: total; remove it");
  }
}

void check_budgets(const Config& config, Reader& reader) {
  for (auto budget = config.budgets.begin(); budget != config.budgets.end(); ++budget) {
    check_budget(config, *budget, reader);
    const bool twice = std::any_of(config.budgets.begin(), budget, [&](const Budget& other) {
      return other.scope == budget->scope && other.name == budget->name && other.per == budget->per;
    });
    if (!twice) continue;
    const bool each = budget->name.empty() && budget->scope != BudgetScope::global;
    reader.problem(budget->at,
                   fmt::format("budgets: {}{}{}{} has a budget per {} already; remove one of them",
                               each ? "each " : "", name(budget->scope),
                               budget->name.empty() ? "" : " ", budget->name, name(budget->per)));
  }
}

}  // namespace

void check(const Config& config, Reader& reader) {
  check_policy(config, reader);
  check_addresses(config, reader);
  check_limits(config, reader);
  check_budgets(config, reader);
}

}  // namespace tidegate::config
