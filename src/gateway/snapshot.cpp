#include "gateway/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "ledger/usage_record.h"

namespace tidegate::gateway {
namespace {

constexpr int kOutcomes = static_cast<int>(ledger::Outcome::client_gone) + 1;

std::string make_request_head(const config::Provider& provider, const http::Endpoint& endpoint,
                              const protocol::DialectTable& dialect, std::string_view path) {
  std::string head = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n", path, endpoint.authority);
  if (!provider.api_key.empty()) {
    const bool bearer = dialect.auth == protocol::AuthStyle::bearer;
    head += fmt::format(
        "{}{}\r\n", bearer ? "Authorization: Bearer " : "x-api-key: ", provider.api_key.reveal());
  }
  // Usage and errors are read as the answer passes, so it must not be compressed.
  head += "Accept-Encoding: identity\r\n";
  return head;
}

// "/beta/v1" of "/v1"; a base URL that names the beta already stays as it is.
std::string beta_path(std::string_view base, std::string_view beta) {
  const std::string_view version = base.ends_with("/v1") ? "/v1" : "";
  const std::string_view root = base.substr(0, base.size() - version.size());
  return root.ends_with(beta) ? std::string(base) : fmt::format("{}{}{}", root, beta, version);
}

void make_request_heads(ProviderRuntime& runtime, const config::Provider& provider) {
  const protocol::DialectTable& dialect = *runtime.dialect;
  const std::string& base = runtime.endpoint.path;
  const std::string beta = beta_path(base, dialect.beta);
  const auto make = [&](std::string_view under, protocol::Surface surface) {
    const std::string path =
        fmt::format("{}{}", under, dialect.paths[static_cast<std::size_t>(surface)]);
    return make_request_head(provider, runtime.endpoint, dialect, path);
  };
  for (std::size_t i = 0; i < protocol::kSurfaces; ++i) {
    const auto surface = static_cast<protocol::Surface>(i);
    if (!dialect.offers(surface)) continue;
    const bool is_beta = surface == protocol::Surface::completions;
    runtime.request_heads[i] = make(is_beta ? beta : base, surface);
  }
  if (!dialect.beta.empty()) runtime.beta_chat_head = make(beta, protocol::Surface::chat);
}

// TLS set-ups by CA file: providers that trust the same share one.
using Contexts = std::unordered_map<std::string, std::shared_ptr<tls::ClientContext>>;

bool add_provider(Snapshot& snapshot, const config::Provider& provider, Contexts& contexts,
                  std::vector<config::Problem>& problems) {
  if (provider.base_url.empty()) return false;  // the loader has said why
  ProviderRuntime runtime;
  Result<http::Endpoint> endpoint = http::Endpoint::parse(provider.base_url);
  if (!endpoint) {
    problems.push_back({provider.at, endpoint.error().message});
    return false;
  }
  runtime.endpoint = std::move(*endpoint);
  runtime.endpoint.ca_file = provider.ca_file;
  runtime.endpoint.max_connections = provider.max_connections;
  runtime.endpoint.idle = snapshot.config.timeouts.provider_idle;
  runtime.dialect = &protocol::dialect(provider.dialect);
  make_request_heads(runtime, provider);
  if (runtime.endpoint.secure) {
    auto& context = contexts[provider.ca_file];
    if (context == nullptr) {
      auto created = tls::ClientContext::create(provider.ca_file);
      if (!created) {
        problems.push_back({provider.at, created.error().message});
        return false;
      }
      context = std::move(*created);
    }
    runtime.tls = context;
  }
  snapshot.providers.push_back(std::move(runtime));
  return true;
}

std::vector<std::string_view> outcome_names() {
  std::vector<std::string_view> names;
  for (int i = 0; i < kOutcomes; ++i) names.push_back(name(static_cast<ledger::Outcome>(i)));
  return names;
}

std::string header_lines(const telemetry::TargetLabels& labels) {
  std::string lines;
  if (!labels.route.empty()) lines += fmt::format("x-tidegate-route: {}\r\n", labels.route);
  return lines + fmt::format("x-tidegate-model: {}\r\nx-tidegate-provider: {}\r\n", labels.model,
                             labels.provider);
}

// Limits go on with one clock through all reloads.
const SystemClock kClock;

void add_limits(Snapshot& snapshot, SharedState& shared, const routing::Target& target) {
  TargetRuntime& runtime = snapshot.targets.at(&target);
  runtime.limits = snapshot.limits->of_target(target.model->provider, target.model->id);
  const config::Limits& settings = *snapshot.config.limits;
  if (!settings.adaptive) return;
  auto& adaptive = shared.adaptive_limits[runtime.maker];
  if (adaptive == nullptr) {
    adaptive = std::make_shared<limits::AdaptiveLimit>(
        kClock, static_cast<std::size_t>(settings.queue_length));
  }
  runtime.adaptive = adaptive;
  runtime.limits.add(adaptive->limiter(), nullptr);
}

// What config::check() cannot know: the names of models and of shipped profiles.
void check_limits(const Snapshot& snapshot, std::vector<config::Problem>& problems) {
  if (!snapshot.config.limits) return;
  for (const config::Limit& limit : snapshot.config.limits->scopes) {
    const bool model = limit.scope == config::LimitScope::model;
    if (limit.name.empty() || !(model || limit.scope == config::LimitScope::client)) continue;
    std::vector<std::string> names;
    if (model) {
      for (const auto& [id, route] : snapshot.table.models) names.emplace_back(id);
    } else {
      for (const config::Client& profile : snapshot.profiles.all()) names.push_back(profile.name);
    }
    if (std::ranges::find(names, limit.name) != names.end()) continue;
    problems.push_back(
        {limit.at, fmt::format("limits.scopes: there is no {} \"{}\".{}", config::name(limit.scope),
                               limit.name, did_you_mean(limit.name, names))});
  }
}

void check_budgets(const Snapshot& snapshot, std::vector<config::Problem>& problems) {
  for (const config::Budget& budget : snapshot.config.budgets) {
    if (budget.scope != config::BudgetScope::model || budget.name.empty()) continue;
    std::vector<std::string> names;
    for (const auto& [id, route] : snapshot.table.models) names.emplace_back(id);
    if (std::ranges::find(names, budget.name) != names.end()) continue;
    problems.push_back({budget.at, fmt::format("budgets: there is no model \"{}\".{}", budget.name,
                                               did_you_mean(budget.name, names))});
  }
}

void add_targets(Snapshot& snapshot, SharedState& shared, const routing::Route& route) {
  static const std::vector<std::string_view> outcomes = outcome_names();
  for (const routing::Target& target : route.targets) {
    auto& calibration = shared.calibrations[target.model->id];
    if (calibration == nullptr) calibration = std::make_shared<workload::TokenCalibration>();
    auto& output = shared.outputs[target.model->id];
    if (output == nullptr) output = std::make_shared<limits::OutputEstimate>();
    const telemetry::TargetLabels labels{
        route.name, snapshot.config.providers[target.provider].name, target.model->id};
    snapshot.targets.emplace(
        &target, TargetRuntime{header_lines(labels),
                               fmt::format("{}/{}", labels.provider, labels.model),
                               telemetry::TargetMetrics::make(shared.registry, labels, outcomes),
                               calibration,
                               output,
                               {},
                               {}});
    if (snapshot.limits != nullptr) add_limits(snapshot, shared, target);
  }
}

void add_breakers(Snapshot& snapshot, SharedState& shared) {
  for (const routing::ProviderModel& pair : snapshot.table.breakers) {
    const std::string key = snapshot.config.providers[pair.provider].name + "/" + pair.model->id;
    auto& breaker = shared.breakers[key];
    if (breaker == nullptr) breaker = std::make_shared<routing::Breaker>(snapshot.config.breaker);
    snapshot.breakers.push_back(breaker);
  }
}

}  // namespace

std::shared_ptr<const Snapshot> Snapshot::build(config::Config config, SharedState& shared,
                                                std::vector<config::Problem>& problems) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = std::move(config);
  snapshot->catalog = catalog::Catalog::with(snapshot->config, problems);
  snapshot->profiles = catalog::ClientProfiles::with(snapshot->config, problems);
  snapshot->table = routing::build(snapshot->config, snapshot->catalog, problems);
  check_limits(*snapshot, problems);
  check_budgets(*snapshot, problems);
  Contexts contexts;
  bool usable = true;
  for (const config::Provider& provider : snapshot->config.providers) {
    usable = add_provider(*snapshot, provider, contexts, problems) && usable;
  }
  const auto fatal = [](const config::Problem& problem) { return !problem.warning; };
  if (!usable || std::ranges::any_of(problems, fatal)) return nullptr;
  snapshot->retry_budget = std::make_shared<routing::RetryBudget>(snapshot->config.retry.budget);
  if (snapshot->config.limits) {
    snapshot->limits = limits::Limits::build(*snapshot->config.limits, kClock, shared.registry,
                                             shared.limits.get(),
                                             shared.sharing ? &shared.sharing->lender() : nullptr);
  }
  snapshot->no_limits = limits::Limits::none();
  shared.limits = snapshot->limits;
  budgets::AlertSink sink;
  if (budgets::Alerts* alerts = shared.alerts.get()) {
    sink = [alerts](budgets::Alert alert) { alerts->give(std::move(alert)); };
  }
  snapshot->budgets =
      budgets::Budgets::build(snapshot->config.budgets, std::move(sink), shared.budgets.get(),
                              shared.sharing ? &shared.sharing->treasury() : nullptr);
  shared.budgets = snapshot->budgets;
  for (const routing::Route& route : snapshot->table.routes) add_targets(*snapshot, shared, route);
  for (const auto& [id, route] : snapshot->table.models) add_targets(*snapshot, shared, route);
  add_breakers(*snapshot, shared);
  return snapshot;
}

}  // namespace tidegate::gateway
