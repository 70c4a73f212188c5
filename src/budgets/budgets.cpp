#include "budgets/budgets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "budgets/forecast.h"
#include "limits/key_table.h"

namespace tidegate::budgets {
namespace {

using config::BudgetPer;
using config::BudgetScope;
using config::OnExhausted;

constexpr int kWhole = 10'000;  // all of a budget, in hundredths of a per cent
// Counters of a budget for each: of those that come after them the money is counted together.
constexpr std::size_t kMostCallers = 65'536;
constexpr std::size_t kMostTasks = 262'144;
constexpr std::size_t kMostNames = 1024;

std::size_t most_names(const config::Budget& budget) {
  if (budget.scope == BudgetScope::global) return 1;
  if (budget.scope == BudgetScope::task) return budget.name.empty() ? kMostTasks : 1;
  const bool callers = budget.scope == BudgetScope::key || budget.scope == BudgetScope::tenant ||
                       budget.scope == BudgetScope::client;
  // A name may have belonged to several keys.
  if (budget.scope == BudgetScope::key) return kMostCallers;
  if (!budget.name.empty()) return 1;
  return callers ? kMostCallers : kMostNames;
}

std::vector<int> shares_of(const config::Budget& budget) {
  std::vector<int> shares;
  const auto add = [&](double share) {
    shares.push_back(static_cast<int>(std::lround(share * kWhole)));
  };
  if (budget.alert_at.empty()) std::ranges::for_each(config::kAlertAt, add);
  std::ranges::for_each(budget.alert_at, add);
  return shares;
}

NanoDollars share_of(NanoDollars limit, int share) {
  __extension__ using Wide = __int128;
  return {static_cast<std::int64_t>(Wide{limit.value} * share / kWhole)};
}

std::uint64_t terms_of(NanoDollars limit, const std::vector<int>& shares) {
  std::uint64_t hash = static_cast<std::uint64_t>(limit.value);
  for (const int share : shares) {
    hash = (hash ^ static_cast<std::uint64_t>(share)) * 0x9e3779b97f4a7c15;
  }
  return hash;
}

std::string_view subject(const Spender& who, BudgetScope scope) {
  switch (scope) {
    case BudgetScope::global:
      break;
    case BudgetScope::tenant:
      return who.tenant;
    case BudgetScope::key:
      return who.key;
    case BudgetScope::client:
      return who.client;
    case BudgetScope::route:
      return who.route;
    case BudgetScope::provider:
      return who.provider;
    case BudgetScope::model:
      return who.model;
    case BudgetScope::task:
      return who.task;
  }
  return {};
}

bool is_named(const config::Budget& budget, const Spender& who, std::string_view name) {
  if (budget.name.empty()) return true;
  return budget.name == (budget.scope == BudgetScope::key ? who.key_name : name);
}

Rule make_rule(const config::Budget& budget, bool of_keys, const Budgets* previous, bool shared) {
  const auto same = [&](const Rule& rule) {
    return rule.of_keys == of_keys && rule.budget.scope == budget.scope &&
           rule.budget.name == budget.name && rule.budget.per == budget.per &&
           rule.budget.time_zone == budget.time_zone;
  };
  std::shared_ptr<Counters> counters;
  if (previous != nullptr) {
    const auto found = std::ranges::find_if(previous->rules(), same);
    if (found != previous->rules().end()) counters = found->counters;
  }
  const bool added = counters == nullptr;
  if (added) {
    // The zone was there when the configuration was checked.
    counters = std::make_shared<Counters>(
        budget.per, TimeZone::find(budget.time_zone).value_or(TimeZone::utc()), most_names(budget),
        shared);
  }
  std::vector<int> shares = shares_of(budget);
  Counter* const only =
      most_names(budget) == 1 && !of_keys ? &counters->names.find(budget.name) : nullptr;
  const NanoDollars first_alert = share_of(budget.amount, shares.front());
  return {budget, std::move(shares), of_keys, added, std::move(counters), only, first_alert};
}

// Whether a budget refuses, or sends elsewhere, what it has no money for.
bool holds_back(const Rule& rule, bool diverted) {
  return rule.budget.on_exhausted == OnExhausted::reject ||
         (rule.budget.on_exhausted == OnExhausted::downgrade && !diverted);
}

}  // namespace

void Spender::add(const limits::KeyEntry* virtual_key) {
  if (virtual_key == nullptr) return;
  key_name = virtual_key->name;
  caps = virtual_key->own->caps;
}

Counters::Counters(BudgetPer per, TimeZone zone, std::size_t max_names, bool shared)
    : periods(per, std::move(zone)), names(max_names, [shared](std::string_view name) {
        return std::make_unique<Counter>(name, shared);
      }) {}

std::shared_ptr<const Budgets> Budgets::build(std::span<const config::Budget> settings,
                                              AlertSink sink, const Budgets* previous,
                                              Treasury* treasury) {
  auto budgets = std::make_shared<Budgets>();
  budgets->sink_ = std::move(sink);
  budgets->treasury_ = treasury;
  const bool shared = treasury != nullptr;
  for (const bool named : {true, false}) {
    for (const config::Budget& budget : settings) {
      if (named != budget.name.empty()) {
        budgets->rules_.push_back(make_rule(budget, false, previous, shared));
      }
    }
  }
  for (std::size_t per = 0; per < config::kBudgetPers; ++per) {
    config::Budget of_key;
    of_key.scope = BudgetScope::key;
    of_key.per = static_cast<BudgetPer>(per);
    budgets->rules_.push_back(make_rule(of_key, true, previous, shared));
  }
  return budgets;
}

// Calls visit(rule, name, limit) for every budget that counts `who`, until it gives false.
template <class Visit>
bool Budgets::visit(const Spender& who, Visit visit) const {
  const std::size_t configured = rules_.size() - config::kBudgetPers;
  // By scope and period: whether a named budget stands in place of that for each.
  std::uint32_t taken = 0;
  for (const Rule& rule : std::span(rules_).first(configured)) {
    const BudgetScope scope = rule.budget.scope;
    const std::string_view name = subject(who, scope);
    if (name.empty() && scope != BudgetScope::global) continue;
    if (!is_named(rule.budget, who, name)) continue;
    const std::uint32_t bit = 1u << (static_cast<unsigned>(scope) * config::kBudgetPers +
                                     static_cast<unsigned>(rule.budget.per));
    if ((taken & bit) != 0) continue;
    taken |= bit;
    if (!visit(rule, name, rule.budget.amount)) return false;
  }
  for (const config::SpendingCap& cap : who.caps) {
    const Rule& rule = rules_[configured + static_cast<std::size_t>(cap.per)];
    if (!visit(rule, who.key, cap.amount)) return false;
  }
  return true;
}

std::expected<Charge, Refusal> Budgets::reserve(const Spender& who,
                                                std::optional<NanoDollars> worst, WallTime at,
                                                bool diverted) const {
  std::expected<Charge, Refusal> result;
  Charge& charge = *result;
  charge.budgets_ = this;
  charge.at_ = at;
  charge.reserved_ = worst.value_or(NanoDollars{});
  std::optional<Refusal> refused;
  const bool admitted = visit(who, [&](const Rule& rule, std::string_view name, NanoDollars limit) {
    if (charge.count_ == Charge::kMostParts) return true;
    Counter& counter = rule.only != nullptr ? *rule.only : rule.counters->names.find(name);
    Counter::Slot& slot = counter.at(rule.counters->periods.begin_at(at));
    const Charge::Part part{&rule, &counter, &slot, limit.value};
    const bool strict = holds_back(rule, diverted);
    const bool unpriced =
        !worst && strict && rule.budget.unknown_price == config::UnknownPrice::reject;
    if (!strict) {
      slot.reserve_anyway(charge.reserved_);
    } else if (unpriced || !slot.reserve(charge.reserved_, limit)) {
      const NanoDollars left = limit - slot.total();
      const bool alone = charge.reserved_ > left || left.value <= 0;
      Refusal& refusal = refused.emplace(Refusal{unpriced ? Refusal::Why::unknown_price
                                                 : alone  ? Refusal::Why::exhausted
                                                          : Refusal::Why::reserved,
                                                 &rule, name, limit, charge.reserved_, left,
                                                 rule.counters->periods.at(at)});
      if (refusal.why == Refusal::Why::exhausted) turned_away(part, at);
      if (treasury_ != nullptr && refusal.why != Refusal::Why::unknown_price) {
        refusal.awaits = refusal.why == Refusal::Why::reserved && !slot.dry();
        if (refusal.awaits || !slot.watched()) call(part, at);
      }
      return false;
    }
    charge.parts_[charge.count_++] = part;
    if (treasury_ != nullptr && !slot.watched()) call(part, at);
    return true;
  });
  if (!admitted) result = std::unexpected(*refused);  // and what was reserved goes back
  return result;
}

void Budgets::restore(const Spender& who, NanoDollars cost, WallTime started, WallTime now) const {
  visit(who, [&](const Rule& rule, std::string_view name, NanoDollars) {
    if (rule.counters->restored.load()) return true;
    const PeriodClock& periods = rule.counters->periods;
    if (!periods.is_in_period_of(started, now)) return true;
    Counter& counter = rule.counters->names.find(name);
    counter.at(periods.begin_at(now)).restore(cost);
    counter.note_rate(cost, started);
    return true;
  });
}

void Budgets::count_late(const Spender& who, std::string_view request, std::int64_t attempt,
                         NanoDollars cost, WallTime started, WallTime now) const {
  for (auto next = succession_.next(); next != nullptr; next = next->succession_.next()) {
    next->counted_late_.add(request, attempt);
    next->visit(who, [&](const Rule& rule, std::string_view name, NanoDollars limit) {
      if (!rule.added) return true;
      Counter& counter = rule.counters->names.find(name);
      Counter::Slot& slot = counter.at(rule.counters->periods.begin_at(started));
      slot.settle({}, cost);
      counter.note_rate(cost, started);
      const Charge::Part part{&rule, &counter, &slot, limit.value};
      next->crossed(part, started, now);
      // Until the ledger was read nobody knows what it had; restored() calls then.
      const bool known = rule.counters->restored.load();
      if (next->treasury_ != nullptr && known && !slot.watched()) next->call(part, started);
      return true;
    });
  }
}

std::optional<WallTime> Budgets::restore_since(
    WallTime now, const std::function<bool(BudgetPer)>& any_cap) const {
  std::optional<WallTime> since;
  for (const Rule& rule : rules_) {
    if (rule.counters->restored.load() || (rule.of_keys && !any_cap(rule.budget.per))) continue;
    const WallTime begin = rule.counters->periods.at(now).begin;
    since = std::min(since.value_or(begin), begin);
  }
  return since;
}

void Budgets::restored(WallTime now, const CapOf& cap_of) const {
  counted_late_.end();
  for (const Rule& rule : rules_) {
    const bool known = rule.counters->restored.exchange(true);
    rule.counters->names.for_each([&](Counter& counter) {
      const std::optional<NanoDollars> limit =
          rule.of_keys ? cap_of(counter.name(), rule.budget.per) : rule.budget.amount;
      if (!limit) return;
      Counter::Slot& slot = counter.at(rule.counters->periods.begin_at(now));
      const Charge::Part part{&rule, &counter, &slot, limit->value};
      crossed(part, now, now);
      // The others have to know, even if nobody spends anything here.
      if (!known && treasury_ != nullptr && slot.spent().value != 0) call(part, now);
    });
  }
}

bool Budgets::is_restored() const {
  return std::ranges::all_of(rules_,
                             [](const Rule& rule) { return rule.counters->restored.load(); });
}

void Budgets::add_standings(const Rule& rule, WallTime now, const CapOf& cap_of,
                            std::vector<Standing>& out) {
  const Period period = rule.counters->periods.at(now);
  const std::size_t before = out.size();
  rule.counters->names.for_each([&](Counter& counter) {
    const std::optional<NanoDollars> limit =
        rule.of_keys ? cap_of(counter.name(), rule.budget.per) : rule.budget.amount;
    const Counter::Slot& slot = counter.at(rule.counters->periods.begin_at(now));
    if (!limit || (slot.held().value == 0 && slot.elsewhere().value == 0)) return;
    Standing standing{.rule = &rule,
                      .name = counter.name(),
                      .period = period,
                      .limit = *limit,
                      .spent = slot.total(),
                      .reserved = slot.held() - slot.spent(),
                      .last_hour = counter.last_hour(now),
                      .runs_out = {}};
    standing.runs_out = runs_out(*limit - standing.spent, standing.last_hour, period, now);
    out.push_back(std::move(standing));
  });
  // One that nobody has spent of is worth a line all the same.
  if (rule.is_of_one() && out.size() == before) {
    out.push_back({&rule, rule.budget.name, period, rule.budget.amount, {}, {}, {}, {}});
  }
}

std::vector<Standing> Budgets::standings(WallTime now, const CapOf& cap_of) const {
  std::vector<Standing> all;
  for (const Rule& rule : rules_) add_standings(rule, now, cap_of, all);
  return all;
}

std::vector<Standing> Budgets::standings_of_one_name(WallTime now) const {
  std::vector<Standing> all;
  for (const Rule& rule : rules_) {
    if (rule.is_of_one()) add_standings(rule, now, {}, all);
  }
  return all;
}

void Budgets::crossed(const Charge::Part& part, WallTime at, WallTime now) const {
  const NanoDollars spent = part.slot->total();
  if (!part.rule->of_keys && spent < part.rule->first_alert) return;
  const std::vector<int>& shares = part.rule->alert_at;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (spent >= share_of(part.limit(), shares[i])) raise(part, i, false, at, now);
  }
}

// "model/house/day/UTC/1780000000/house"; a rule for each has no name of its own.
void Budgets::call(const Charge::Part& part, WallTime at) const {
  if (!part.slot->call()) return;
  part.slot->set_limit(part.limit());
  const Rule& rule = *part.rule;
  const Period period = rule.counters->periods.at(at);
  const std::int64_t begin = rule.counters->periods.begin_at(at);
  treasury_->called({.slot = std::shared_ptr<Counter::Slot>(rule.counters, part.slot),
                     .name = fmt::format("{}{}/{}/{}/{}/{}/{}", rule.of_keys ? "own " : "",
                                         config::name(rule.budget.scope), rule.budget.name,
                                         config::name(rule.budget.per), rule.budget.time_zone,
                                         begin, part.counter->name()),
                     .period = begin,
                     .end = period.end,
                     .restored = part.slot->restored()});
}

void Budgets::turned_away(const Charge::Part& part, WallTime at) const {
  const auto whole = std::ranges::find(part.rule->alert_at, kWhole);
  if (whole == part.rule->alert_at.end()) return;
  raise(part, static_cast<std::size_t>(whole - part.rule->alert_at.begin()), true, at, at);
}

void Budgets::raise(const Charge::Part& part, std::size_t number, bool turned_away, WallTime at,
                    WallTime now) const {
  const Rule& rule = *part.rule;
  if (!part.slot->raise(terms_of(part.limit(), rule.alert_at), number)) return;
  rule.counters->alerts.fetch_add(1, std::memory_order_relaxed);
  if (!sink_) return;
  Alert alert{.budget = key_of(rule.budget),
              .scope = rule.budget.scope,
              .name = part.counter->name(),
              .per = rule.budget.per,
              .time_zone = rule.budget.time_zone,
              .period = rule.counters->periods.at(at),
              .share = rule.alert_at[number],
              .limit = part.limit(),
              .spent = part.slot->total(),
              .turned_away = turned_away,
              .on_exhausted = rule.budget.on_exhausted,
              .runs_out = {},
              .at = now,
              .webhook = rule.budget.webhook,
              .format = rule.budget.webhook_format};
  alert.runs_out =
      runs_out(alert.limit - alert.spent, part.counter->last_hour(now), alert.period, now);
  sink_(std::move(alert));
}

std::string Refusal::budget_name() const {
  return fmt::format("{}.{}", config::name(rule->budget.scope), config::name(rule->budget.per));
}

Error Refusal::error() const {
  const std::string whose = rule->budget.scope == BudgetScope::global || name.empty()
                                ? std::string()
                                : fmt::format(" of {}", name);
  const std::string budget =
      rule->budget.per == BudgetPer::total
          ? fmt::format("budget {}{}: {} in all", budget_name(), whose, format_usd(limit))
          : fmt::format("budget {}{}: {} per {}", budget_name(), whose, format_usd(limit),
                        config::name(rule->budget.per));
  if (why == Why::unknown_price) {
    return {ErrorCode::forbidden,
            fmt::format("{}: nobody knows what this request costs, so it is not made; give the "
                        "model a price under models, or set unknown_price: allow",
                        budget),
            {}};
  }
  if (why == Why::reserved) {
    return {ErrorCode::rate_limited,
            fmt::format("{}: what is left is reserved by requests in flight; try again shortly",
                        budget),
            {}};
  }
  const std::string sizes =
      fmt::format("this request may cost up to {} and {} is left", format_usd(asked),
                  format_usd(std::max(left, NanoDollars{})));
  const std::string until =
      period.has_end() ? fmt::format("; there is money again at {}", format_rfc3339(period.end))
                       : std::string();
  return {ErrorCode::out_of_budget, fmt::format("{}: {}{}", budget, sizes, until), {}};
}

Charge::Charge(Charge&& other) noexcept
    : budgets_(other.budgets_),
      count_(std::exchange(other.count_, 0)),
      reserved_(other.reserved_),
      at_(other.at_) {
  std::copy_n(other.parts_.begin(), count_, parts_.begin());
}

Charge& Charge::operator=(Charge&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  budgets_ = other.budgets_;
  count_ = std::exchange(other.count_, 0);
  std::copy_n(other.parts_.begin(), count_, parts_.begin());
  reserved_ = other.reserved_;
  at_ = other.at_;
  return *this;
}

void Charge::settle(NanoDollars real, WallTime now) {
  for (const Part& part : std::span(parts_).first(std::exchange(count_, 0))) {
    part.slot->settle(reserved_, real);
    if (real.value <= 0) continue;
    part.counter->note_rate(real, at_);
    budgets_->crossed(part, at_, now);
  }
}

void Charge::give_back() {
  for (const Part& part : std::span(parts_).first(std::exchange(count_, 0))) {
    part.slot->settle(reserved_, {});
  }
}

}  // namespace tidegate::budgets
