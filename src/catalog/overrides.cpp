// A config's models, aliases and routes on top of the shipped catalogue.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "catalog/catalog.h"

namespace tidegate::catalog {
namespace {

using config::Config;
using config::Position;
using config::Problem;
using config::Provider;

// Collects what is wrong with the parts of a config that name models and providers.
class Check {
 public:
  Check(const Config& config, std::vector<Problem>& problems)
      : config_(config), problems_(problems) {
    for (const Provider& provider : config.providers) provider_names_.push_back(provider.name);
  }

  void problem(Position at, std::string message, bool warning = false) {
    if (at.file.empty()) at.file = config_.file;
    problems_.push_back({std::move(at), std::move(message), warning});
  }

  const Provider* provider(std::string_view name) const {
    const auto found = std::ranges::find(config_.providers, name, &Provider::name);
    return found == config_.providers.end() ? nullptr : &*found;
  }

  // Why requests cannot be sent to `model`; empty: they can.
  std::string obstacle(const Model& model) const {
    const Provider* serving = provider(model.provider);
    if (serving == nullptr) {
      return fmt::format("{} is served by provider \"{}\", which is not in providers.{}", model.id,
                         model.provider, did_you_mean(model.provider, provider_names_));
    }
    if (!serving->key_required || !serving->api_key.empty()) return {};
    const std::string remedy =
        serving->api_key_variable.empty()
            ? fmt::format("set providers.{}.api_key", serving->name)
            : fmt::format("set {} in the environment or in .env", serving->api_key_variable);
    return fmt::format("{} is served by provider \"{}\", which has no key; {}", model.id,
                       serving->name, remedy);
  }

  // The model that `path` names; nullptr, and a problem, if there is none.
  const Model* model(const Catalog& catalog, const std::string& name, const Position& at,
                     const std::string& path) {
    const Model* found = catalog.find(name);
    if (found == nullptr && !name.empty()) {
      problem(at, fmt::format("{}: there is no model \"{}\".{}", path, name,
                              did_you_mean(name, catalog.names())));
    }
    return found;
  }

  void new_provider(const config::Model& entry, bool known) {
    const std::string path = fmt::format("models.{}.provider", entry.id);
    if (entry.provider.empty()) {
      if (!known) {
        problem(entry.at, fmt::format("{}: missing; {} is not in the catalogue, expected one of "
                                      "providers",
                                      path, entry.id));
      }
    } else if (provider(entry.provider) == nullptr) {
      problem(entry.at, fmt::format("{}: there is no provider \"{}\".{}", path, entry.provider,
                                    did_you_mean(entry.provider, provider_names_)));
    }
  }

  void fallbacks(const Catalog& catalog, const std::vector<std::string>& names, const Position& at,
                 const std::string& path) {
    for (const std::string& name : names) {
      const Model* found = model(catalog, name, at, path);
      const std::string reason = found != nullptr ? obstacle(*found) : "";
      if (!reason.empty()) problem(at, fmt::format("{}: {}", path, reason), true);
    }
  }

  void route(const Catalog& catalog, const config::Route& route) {
    const std::string path = "routes." + route.name;
    const Model* target = model(catalog, route.model, route.at, path + ".model");
    if (target != nullptr) {
      const std::string reason = obstacle(*target);
      if (!reason.empty()) problem(route.at, fmt::format("{}.model: {}", path, reason));
      if (target->max_output > 0 && route.max_tokens.value_or(0) > target->max_output) {
        problem(route.at,
                fmt::format("{}.max_tokens: {} is more than {} can give; expected at most {}", path,
                            *route.max_tokens, target->id, target->max_output),
                true);
      }
    }
    fallbacks(catalog, route.fallback, route.at, path + ".fallback");
  }

 private:
  const Config& config_;
  std::vector<Problem>& problems_;
  std::vector<std::string> provider_names_;
};

Epoch epoch_of(const config::ModelPrice& price) {
  const Price plain{price.input, price.cached, price.cache_write, price.output};
  Epoch epoch;
  epoch.id = "config";
  epoch.from = WallTime::min();
  epoch.tiers.push_back({0, plain, plain});
  epoch.source = "the config";
  return epoch;
}

}  // namespace

void Catalog::add_model(const config::Model& entry) {
  auto found = std::ranges::find(models_, entry.id, &Model::id);
  if (found == models_.end()) {
    models_.emplace_back().id = entry.id;
    found = models_.end() - 1;
    found->source = "the config";
  }
  by_name_[entry.id] = static_cast<std::size_t>(found - models_.begin());
  Model& model = *found;
  if (!entry.provider.empty()) model.provider = entry.provider;
  if (!entry.name.empty()) model.wire_name = entry.name;
  if (model.wire_name.empty()) model.wire_name = model.id;
  if (entry.context) {
    model.context = *entry.context;
    model.max_input = 0;
  }
  if (entry.max_output) model.max_output = *entry.max_output;
  if (entry.thinking) model.thinking = *entry.thinking;
  if (!entry.takes.empty()) model.takes = entry.takes;
  if (!entry.fallback.empty()) model.fallback = entry.fallback;
  if (entry.price) model.epochs = {epoch_of(*entry.price)};
}

Catalog Catalog::with(const Config& config, std::vector<Problem>& problems) {
  Catalog catalog = shipped();
  Check check(config, problems);
  for (const config::Model& entry : config.models) {
    check.new_provider(entry, shipped().find(entry.id) != nullptr);
    catalog.add_model(entry);
  }
  for (const config::Alias& alias : config.aliases) {
    const Model* target = check.model(catalog, alias.model, alias.at, "models." + alias.name);
    if (target == nullptr) continue;
    const auto index = static_cast<std::size_t>(target - catalog.models_.data());
    catalog.by_name_[alias.name] = index;
    catalog.models_[index].aliases.push_back(alias.name);
  }
  for (const config::Model& entry : config.models) {
    check.fallbacks(catalog, entry.fallback, entry.at, "models." + entry.id + ".fallback");
  }
  for (const config::Route& route : config.routes) check.route(catalog, route);
  // The shipped fallbacks are suggestions: those that cannot be used here are left out.
  for (Model& model : catalog.models_) {
    std::erase_if(model.fallback, [&](const std::string& name) {
      const Model* target = catalog.find(name);
      return target == nullptr || !check.obstacle(*target).empty();
    });
  }
  return catalog;
}

}  // namespace tidegate::catalog
