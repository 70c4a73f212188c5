#include "config/defaults.h"

#include <algorithm>
#include <cstdlib>

#include "config/dialects.h"

namespace tidegate::config {
namespace {

struct Candidate {
  std::string_view model, provider;
  Tokens max_output;  // 0: unknown
};

// What takes the place of a default route's model whose provider has no key: the first of these
// that has one, then the config's own models. docs/configuration.md repeats the order.
constexpr Candidate kBestFirst[] = {
    {"claude-opus-4.7", "anthropic", 128'000}, {"gpt-5.5", "openai", 128'000},
    {"deepseek-v4-pro", "deepseek", 393'216},  {"kimi-k2.6", "kimi", 262'144},
    {"gemini-3.8-flash", "gemini", 65'536},    {"openrouter/auto", "openrouter", 0},
};

std::vector<Route> designed_routes() {
  std::vector<Route> routes(4);
  routes[0].name = "long_context_discovery";
  routes[0].model = "deepseek-v4-pro";
  routes[0].max_tokens = 64'000;
  routes[0].thinking = Thinking::off;
  routes[0].fallback = {"gpt-5.5"};
  routes[1].name = "short_task_batch";
  routes[1].model = "deepseek-v4-flash";
  routes[1].max_tokens = 32'000;
  routes[1].thinking = Thinking::off;
  routes[2].name = "terminal_agentic";
  routes[2].model = "gpt-5.5";
  routes[2].max_tokens = 128'000;
  routes[2].thinking = Thinking::high;
  routes[3].name = "critical_planning";
  routes[3].model = "claude-opus-4.7";
  routes[3].max_tokens = 128'000;
  routes[3].thinking = Thinking::high;
  routes[3].fallback = {"gpt-5.5"};
  return routes;
}

std::vector<PolicyRule> designed_policy() {
  return {
      {"context_tokens > 200000 && tool_density < 0.3", "long_context_discovery", {}},
      {"context_tokens < 50000 && tool_density < 0.2 && planning_score < 0.5",
       "short_task_batch",
       {}},
      {"tool_density > 0.6", "terminal_agentic", {}},
      {"", "critical_planning", {}},
  };
}

std::vector<Provider> providers_of_environment(bool& any_key) {
  std::vector<Provider> providers;
  any_key = false;
  for (const DialectTraits& dialect : dialects()) {
    if (dialect.base_url.empty()) continue;
    Provider provider;
    provider.name = dialect.name;
    provider.dialect = dialect.dialect;
    provider.base_url = dialect.base_url;
    provider.api_key_variable = dialect.key_variable;
    const char* key = std::getenv(provider.api_key_variable.c_str());
    if (key != nullptr && *key != '\0') {
      provider.api_key = Secret(key);
      any_key = true;
    }
    providers.push_back(std::move(provider));
  }
  return providers;
}

class Usable {
 public:
  explicit Usable(const Config& config) : config_(config) {}

  bool provider(std::string_view name) const {
    const auto found = std::ranges::find(config_.providers, name, &Provider::name);
    return found != config_.providers.end() && !(found->key_required && found->api_key.empty());
  }

  // Models of the designed routes, whose provider is that of kBestFirst or of the config's entry.
  bool model(std::string_view id) const {
    const auto own = std::ranges::find(config_.models, id, &Model::id);
    if (own != config_.models.end() && !own->provider.empty()) return provider(own->provider);
    if (id == "deepseek-v4-flash") return provider("deepseek");
    const auto shipped = std::ranges::find(kBestFirst, id, &Candidate::model);
    return shipped != std::end(kBestFirst) && provider(shipped->provider);
  }

 private:
  const Config& config_;
};

// Keeps each route's name and gives it a model that can be used, if there is any.
void use_what_has_a_key(std::vector<Route>& routes, const Config& config) {
  const Usable usable(config);
  std::string substitute;
  Tokens limit = 0;
  for (const Candidate& candidate : kBestFirst) {
    if (substitute.empty() && usable.model(candidate.model)) {
      substitute = candidate.model;
      limit = candidate.max_output;
    }
  }
  for (const Model& model : config.models) {
    if (substitute.empty() && usable.model(model.id)) {
      substitute = model.id;
      limit = model.max_output.value_or(0);
    }
  }
  if (substitute.empty()) return;  // the catalogue will say which key is missing
  for (Route& route : routes) {
    std::erase_if(route.fallback, [&](const auto& model) { return !usable.model(model); });
    if (usable.model(route.model)) continue;
    route.model = substitute;
    std::erase(route.fallback, substitute);
    if (limit > 0) route.max_tokens = std::min(*route.max_tokens, limit);
  }
}

void fill_policy(Config& config, bool own_routes, Reader& reader) {
  if (!own_routes) {
    config.policy = designed_policy();
    return;
  }
  const auto has_route = [&](const PolicyRule& rule) {
    return std::ranges::find(config.routes, rule.route, &Route::name) != config.routes.end();
  };
  auto policy = designed_policy();
  if (config.routes.size() == 1) {
    config.policy = {{"", config.routes.front().name, config.routes.front().at}};
  } else if (std::ranges::all_of(policy, has_route)) {
    config.policy = std::move(policy);
  } else {
    reader.problem(config.routes.front().at,
                   "policy: missing; expected rules that say which of these routes a request "
                   "takes, e.g. - { route: " +
                       config.routes.front().name + " }");
  }
}

}  // namespace

void fill_defaults(Config& config, Reader& reader) {
  if (config.providers.empty()) {
    bool any_key = false;
    config.providers = providers_of_environment(any_key);
    config.simulated = !any_key;
    for (Provider& provider : config.providers) provider.key_required = any_key;
  }
  const bool own_routes = !config.routes.empty();
  if (!own_routes) {
    config.routes = designed_routes();
    use_what_has_a_key(config.routes, config);
  }
  if (config.policy.empty()) fill_policy(config, own_routes, reader);
  const std::string ledger = config.state.base();
  if (config.state.journal.empty()) config.state.journal = ledger + ".journal";
  if (config.state.keys.empty()) config.state.keys = ledger + ".keys";
  if (config.state.workflows.empty()) config.state.workflows = "sqlite:" + ledger + ".workflows";
}

}  // namespace tidegate::config
