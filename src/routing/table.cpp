#include "routing/table.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"

namespace tidegate::routing {
namespace {

using catalog::Catalog;

class Builder {
 public:
  Builder(const config::Config& config, const Catalog& catalog,
          std::vector<config::Problem>& problems)
      : config_(config), catalog_(catalog), problems_(problems) {
    table_.catalog = &catalog;
    table_.sticky_for = config.sticky_for;
  }

  Table build() {
    for (const config::Route& route : config_.routes) table_.routes.push_back(resolve(route));
    give_hashes();
    for (const catalog::Model& model : catalog_.models()) add_model(model);
    std::vector<std::string> names;
    for (const Route& route : table_.routes) names.push_back(route.name);
    table_.policy = Policy::build(config_.policy, names, problems_);
    const auto peak = std::ranges::find_if(catalog_.models(), [](const catalog::Model& model) {
      return model.provider == "deepseek" && !model.calendar.empty();
    });
    if (peak != catalog_.models().end() && table_.policy.uses("peak")) table_.peak_model = &*peak;
    return std::move(table_);
  }

 private:
  std::optional<Target> target(const catalog::Model& model) {
    const auto provider =
        std::ranges::find(config_.providers, model.provider, &config::Provider::name);
    if (provider == config_.providers.end()) return std::nullopt;
    const auto index = static_cast<std::size_t>(provider - config_.providers.begin());
    const auto known = std::ranges::find(table_.breakers, &model, &ProviderModel::model);
    const auto breaker = static_cast<std::size_t>(known - table_.breakers.begin());
    if (known == table_.breakers.end()) table_.breakers.push_back({index, &model});
    return Target{.model = &model, .provider = index, .breaker = breaker};
  }

  // A target that cannot be used is left out: catalog::Catalog::with() has reported it.
  Route resolve(const config::Route& source) {
    Route route{.name = source.name};
    add_target(route, source, catalog_.find(source.model), false);
    for (const std::string& name : source.fallback) {
      add_target(route, source, catalog_.find(name), true);
    }
    if (route.targets.size() > Route::kMaxTargets) {
      problems_.push_back(
          {source.at, "routes." + source.name + ".fallback: at most 7 are allowed"});
      route.targets.resize(Route::kMaxTargets);
    }
    return route;
  }

  void add_target(Route& route, const config::Route& source, const catalog::Model* model,
                  bool fallback) {
    if (model == nullptr) return;
    auto found = target(*model);
    if (!found || (fallback && !has_key(*found))) return;
    found->thinking = source.thinking;
    found->max_tokens = source.max_tokens.value_or(0);
    if (model->max_output > 0) found->max_tokens = std::min(found->max_tokens, model->max_output);
    route.targets.push_back(*found);
  }

  // A model that is asked for without its key is answered with what is missing; a fallback without
  // one is no fallback.
  bool has_key(const Target& target) const {
    const config::Provider& provider = config_.providers[target.provider];
    return !provider.key_required || !provider.api_key.empty();
  }

  void add_model(const catalog::Model& model) {
    const auto own = target(model);
    if (!own) return;
    Route route{.targets = {*own}};
    for (const std::string& name : model.fallback) {
      const catalog::Model* other = catalog_.find(name);
      if (other == nullptr || route.targets.size() == Route::kMaxTargets) continue;
      const auto fallback = target(*other);
      if (fallback && has_key(*fallback)) route.targets.push_back(*fallback);
    }
    table_.models.emplace(model.id, std::move(route));
  }

  // 16 bits of the name's hash; the seed is the first that tells all routes apart, which is 0 for
  // any usual number of them, so that a reload keeps the hashes.
  void give_hashes() {
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
      std::vector<std::uint16_t> seen;
      for (Route& route : table_.routes) {
        route.hash = static_cast<std::uint16_t>(hash_bytes(route.name, seed) % 0xFFFF + 1);
        seen.push_back(route.hash);
      }
      std::ranges::sort(seen);
      if (std::ranges::adjacent_find(seen) == seen.end()) return;
    }
  }

  const config::Config& config_;
  const Catalog& catalog_;
  std::vector<config::Problem>& problems_;
  Table table_;
};

}  // namespace

const Route* Table::find(std::string_view name) const {
  const auto found = std::ranges::find(routes, name, &Route::name);
  return found == routes.end() ? nullptr : &*found;
}

const Route* Table::find(std::uint16_t hash) const {
  const auto found = std::ranges::find(routes, hash, &Route::hash);
  return found == routes.end() ? nullptr : &*found;
}

Table build(const config::Config& config, const catalog::Catalog& catalog,
            std::vector<config::Problem>& problems) {
  return Builder(config, catalog, problems).build();
}

}  // namespace tidegate::routing
