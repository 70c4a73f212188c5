// What budgets add to a request: reserving with four nested scopes and settling, alerts on.
// Together with limits and keys it must stay below 2 us.
#include <benchmark/benchmark.h>

#include "budgets/budgets.h"

namespace {

using namespace tidegate;
using namespace tidegate::budgets;
using config::BudgetPer;
using config::BudgetScope;

std::shared_ptr<const Budgets> four_scopes() {
  std::vector<config::Budget> settings;
  for (const BudgetScope scope :
       {BudgetScope::global, BudgetScope::tenant, BudgetScope::key, BudgetScope::model}) {
    config::Budget budget;
    budget.scope = scope;
    budget.amount = {INT64_MAX / 2};
    budget.per = BudgetPer::month;
    budget.time_zone = "Europe/Berlin";
    settings.push_back(budget);
  }
  return Budgets::build(settings, [](Alert) {}, nullptr);
}

constexpr Spender kWho{.tenant = "search",
                       .key = "key_7f3k9m2qxd",
                       .key_name = "ci",
                       .client = "OpenAI/JS",
                       .route = "short_task_batch",
                       .provider = "deepseek",
                       .model = "deepseek-v4-flash"};
const WallTime kNow{1'796'000'000s};

void reserve_and_settle(benchmark::State& state) {
  static const auto budgets = four_scopes();
  for (auto _ : state) {
    auto charge = budgets->reserve(kWho, NanoDollars{1000}, kNow, false);
    if (!charge) state.SkipWithError("refused");
    charge->settle({400}, kNow);
  }
}
BENCHMARK(reserve_and_settle)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
