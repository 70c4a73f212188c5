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

}  // namespace

void check(const Config& config, Reader& reader) {
  check_policy(config, reader);
  check_addresses(config, reader);
}

}  // namespace tidegate::config
