// The routing table of one configuration: routes and models resolved to targets, and the policy.
// Built at load by build(), then immutable and shared by all workers; it points into the
// configuration's catalogue.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "config/config.h"
#include "routing/policy.h"

namespace tidegate::routing {

// One model at one provider, with what the route changes about a request to it.
struct Target {
  const catalog::Model* model = nullptr;
  std::size_t provider = 0;  // index into config.providers
  Tokens max_tokens = 0;     // the route's, at most the model's max_output; 0: leave it alone
  config::Thinking thinking = config::Thinking::unset;
  std::size_t breaker = 0;  // index into Table::breakers
};

struct Route {
  static constexpr std::size_t kMaxTargets = 8;

  std::string name{};             // empty: a model asked for by name
  std::uint16_t hash = 0;         // in affinity tables; 0 only for models
  std::vector<Target> targets{};  // the model, then its fallbacks; 1 to kMaxTargets
};

// What a circuit breaker stands for.
struct ProviderModel {
  std::size_t provider = 0;
  const catalog::Model* model = nullptr;
};

struct Table {
  std::vector<Route> routes;
  Policy policy;  // Match::route is an index into routes
  // By catalogue id: that model and its own fallbacks. Only models of configured providers.
  std::unordered_map<std::string_view, Route> models;
  std::vector<ProviderModel> breakers;
  const catalog::Catalog* catalog = nullptr;
  const catalog::Model* peak_model = nullptr;  // whose calendar `peak` follows; null: no rule asks
  Duration sticky_for{0};

  [[nodiscard]] const Route* find(std::string_view name) const;
  [[nodiscard]] const Route* find(std::uint16_t hash) const;
};

// Adds the errors of policy expressions to `problems`. Names are checked by config::check() and
// Catalog::with() before: a config with any error must not be used, nor a table made from it.
// The catalogue must neither move nor end before the table.
Table build(const config::Config& config, const catalog::Catalog& catalog,
            std::vector<config::Problem>& problems);

}  // namespace tidegate::routing
