// What /metrics says of budgets. Amounts are those of budgets of one name: keys, tenants and tasks
// would be too many series; /api/budgets has them.
#include "gateway/gateway.h"

namespace tidegate::gateway {
namespace {

telemetry::Labels labels_of(const budgets::Rule& rule) {
  return {{"scope", std::string(config::name(rule.budget.scope))},
          {"name", rule.of_keys ? std::string("(own)") : rule.budget.name},
          {"per", std::string(config::name(rule.budget.per))}};
}

double amount(NanoDollars money) { return static_cast<double>(money.value); }

}  // namespace

void Gateway::add_budget_metrics() {
  using telemetry::Samples;
  namespace metric = telemetry::metric;
  using Read = std::optional<double> (*)(const budgets::Standing&);
  const auto standing = [this](const telemetry::MetricInfo& info, Read read) {
    shared_.registry.sampled(info.kind, info.name, info.help, [this, read](Samples& out) {
      const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
      const WallTime now{std::chrono::system_clock::now().time_since_epoch()};
      for (const budgets::Standing& one : snapshot->budgets->standings_of_one_name(now)) {
        if (const auto value = read(one)) out.add(labels_of(*one.rule), *value);
      }
    });
  };
  using budgets::Standing;
  standing(metric::kBudgetLimit,
           [](const Standing& one) { return std::optional(amount(one.limit)); });
  standing(metric::kBudgetSpent,
           [](const Standing& one) { return std::optional(amount(one.spent)); });
  standing(metric::kBudgetReserved,
           [](const Standing& one) { return std::optional(amount(one.reserved)); });
  standing(metric::kBudgetRunsOut, [](const Standing& one) -> std::optional<double> {
    if (!one.runs_out) return std::nullopt;
    return std::chrono::duration<double>(one.runs_out->time_since_epoch()).count();
  });
  using Tally = std::atomic<std::uint64_t> budgets::Counters::*;
  const auto tally = [this](const telemetry::MetricInfo& info, Tally of) {
    shared_.registry.sampled(info.kind, info.name, info.help, [this, of](Samples& out) {
      const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
      for (const budgets::Rule& rule : snapshot->budgets->rules()) {
        const auto count = static_cast<double>(((*rule.counters).*of).load());
        if (!rule.of_keys || count > 0) out.add(labels_of(rule), count);
      }
    });
  };
  tally(metric::kBudgetRefused, &budgets::Counters::refused);
  tally(metric::kBudgetDiverted, &budgets::Counters::diverted);
  tally(metric::kBudgetAlerts, &budgets::Counters::alerts);
  shared_.registry.sampled(metric::kBudgetAlertsWaiting.kind, metric::kBudgetAlertsWaiting.name,
                           metric::kBudgetAlertsWaiting.help, [this](Samples& out) {
                             if (shared_.alerts == nullptr) return;
                             out.add({}, static_cast<double>(shared_.alerts->waiting()));
                           });
}

}  // namespace tidegate::gateway
