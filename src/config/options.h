// The tables of all options: what tidegate.yaml may say, section by section.
// Used by the loader and the reference page. Built at the first use; immutable, any thread.
#pragma once

#include "config/option.h"

namespace tidegate::config {

// What is expected of an option that is only known by name.
inline constexpr std::string_view kLater = "not available in this version";

// The name is known so that the message can say more than "unknown option".
template <class Target>
Option<Target> later(std::string name, std::string sentence) {
  auto read = [](Target&, const Node& node, const std::string& path, Reader& reader) {
    reader.problem(reader.at(node),
                   fmt::format("{}: {}; remove it, it would not be obeyed", path, kLater));
  };
  return {{std::move(name), std::move(sentence), "", std::string(kLater), ""}, read};
}

// Whether `key` can name a provider, a model, a route, a client; else a problem.
bool check_name(const Key& key, const std::string& section, Reader& reader);

const Section<Config>& config_options();
const Section<Tls>& tls_options();
const Section<ListenLimits>& http_options();
const Section<Timeouts>& timeout_options();
const Section<Retry>& retry_options();
const Section<Breaker>& breaker_options();
const Section<Log>& log_options();
const Section<State>& state_options();
const Section<Workflows>& workflow_options();

const Section<Provider>& provider_options();
const Section<Model>& model_options();
const Section<ModelPrice>& price_options();
const Section<Route>& route_options();
const Section<PolicyRule>& rule_options();
const Section<Client>& client_options();
const Section<Client>& match_options();
const Section<Limits>& limits_options();
const Section<Limit>& limit_options();
const Section<Budget>& budget_options();

// The options of config_options() that are maps or lists of named things.
Option<Config> providers_option();
Option<Config> models_option();
Option<Config> routes_option();
Option<Config> policy_option();
Option<Config> clients_option();
Option<Config> limits_option();
Option<Config> budgets_option();

// Reads a map of profiles, each by `section`. Also the form of data/clients.yaml.
void read_clients(const Section<Client>& section, const Node& node, const std::string& path,
                  std::vector<Client>& out, Reader& reader);

}  // namespace tidegate::config
