// Alert: a budget has come to one of its thresholds. A plain value; its texts for a webhook.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "budgets/period.h"
#include "config/config.h"

namespace tidegate::budgets {

struct Alert {
  std::string budget;  // key_of() the rule
  config::BudgetScope scope{};
  std::string name;  // of the tenant, key, ...; empty: all together
  config::BudgetPer per{};
  std::string time_zone;
  Period period;
  int share = 0;  // of the budget, in hundredths of a per cent: 8000 is 80 %
  NanoDollars limit, spent;
  // A request was refused, or sent elsewhere, since it might have cost more than was left.
  bool turned_away = false;
  config::OnExhausted on_exhausted{};
  std::optional<WallTime> runs_out;  // at the rate of the last hour; absent: not in this period
  WallTime at;

  config::Secret webhook;
  config::WebhookFormat format{};
};

// Any thread, seldom; must not block for long.
using AlertSink = std::function<void(Alert)>;

// One for each budget, amount, period and threshold: what a receiver may tell repetitions by.
[[nodiscard]] std::string id_of(const Alert& alert);
// "budget tenant search per day: 80% of $100.00 is spent ($80.12), ..."
[[nodiscard]] std::string sentence(const Alert& alert);
// What is posted, in the alert's format.
[[nodiscard]] std::string body_of(const Alert& alert);
// "tenant/search/day": what tells the budgets of a configuration apart.
[[nodiscard]] std::string key_of(const config::Budget& budget);
// "80%", "12.5%"
[[nodiscard]] std::string show_share(int share);

}  // namespace tidegate::budgets
