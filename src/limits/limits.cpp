#include "limits/limits.h"

#include <algorithm>

namespace tidegate::limits {
namespace {

using config::LimitScope;

// Cells of a rule for each: keys and tenants are many, the others come from the configuration.
constexpr std::size_t kMostCallers = 65'536;
constexpr std::size_t kMostNames = 1024;

std::size_t most_cells(const config::Limit& limit) {
  if (limit.scope == LimitScope::global || !limit.name.empty()) return 1;
  const bool callers = limit.scope == LimitScope::key || limit.scope == LimitScope::tenant;
  return callers ? kMostCallers : kMostNames;
}

}  // namespace

Rule::Rule(const config::Limit& from, const config::Limits& all, const Clock& clock,
           telemetry::Registry& registry, Lender* lender)
    : limit(from),
      queue_length(all.queue_length),
      metrics(telemetry::LimitMetrics::make(registry, config::name(from.scope), from.name)),
      cells(from.bounds, clock, static_cast<std::size_t>(all.queue_length), most_cells(from),
            {lender, std::string(config::name(from.scope))}),
      only(most_cells(from) == 1 ? &cells.find(from.name) : nullptr) {}

std::shared_ptr<const Limits> Limits::build(const config::Limits& settings, const Clock& clock,
                                            telemetry::Registry& registry, const Limits* previous,
                                            Lender* lender) {
  auto limits = std::make_shared<Limits>();
  limits->queue_time_ = settings.queue_time;
  const auto add = [&](const config::Limit& limit) {
    const auto same = [&](const std::shared_ptr<Rule>& rule) {
      return rule->limit.scope == limit.scope && rule->limit.name == limit.name &&
             rule->limit.bounds == limit.bounds && rule->queue_length == settings.queue_length;
    };
    if (previous != nullptr) {
      const auto kept = std::ranges::find_if(previous->rules_, same);
      if (kept != previous->rules_.end()) {
        limits->rules_.push_back(*kept);
        return;
      }
    }
    limits->rules_.push_back(std::make_shared<Rule>(limit, settings, clock, registry, lender));
  };
  add({.scope = LimitScope::global, .name = {}, .bounds = settings.global, .at = {}});
  // Named ones first: they hold in place of those for each.
  for (const config::Limit& limit : settings.scopes) {
    if (!limit.name.empty()) add(limit);
  }
  for (const config::Limit& limit : settings.scopes) {
    if (limit.name.empty()) add(limit);
  }
  for (const std::shared_ptr<Rule>& rule : limits->rules_) {
    limits->by_scope_[static_cast<std::size_t>(rule->limit.scope)].push_back(rule.get());
  }
  return limits;
}

std::shared_ptr<const Limits> Limits::none() {
  auto limits = std::make_shared<Limits>();
  limits->queue_time_ = config::Limits{}.queue_time;
  return limits;
}

void Limits::add(Chain& chain, LimitScope scope, std::string_view name) const {
  for (const Rule* rule : by_scope_[static_cast<std::size_t>(scope)]) {
    if (name.empty() && scope != LimitScope::global) return;
    if (!rule->limit.name.empty() && rule->limit.name != name) continue;
    chain.add(rule->only != nullptr ? *rule->only : rule->cells.find(name), rule);
    return;
  }
}

void Limits::add_of_request(Chain& chain, const Subject& subject) const {
  add(chain, LimitScope::global, {});
  add(chain, LimitScope::tenant, subject.tenant);
  add(chain, LimitScope::key, subject.key);
  add(chain, LimitScope::client, subject.client);
  add(chain, LimitScope::route, subject.route);
}

Chain Limits::of_target(std::string_view provider, std::string_view model) const {
  Chain chain;
  add(chain, LimitScope::provider, provider);
  add(chain, LimitScope::model, model);
  return chain;
}

bool Limits::has(LimitScope scope) const {
  return !by_scope_[static_cast<std::size_t>(scope)].empty();
}

}  // namespace tidegate::limits
