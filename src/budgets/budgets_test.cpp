#include "budgets/budgets.h"

#include <gtest/gtest.h>

#include "budgets/forecast.h"

namespace tidegate::budgets {
namespace {

using config::BudgetPer;
using config::BudgetScope;
using config::OnExhausted;
using Why = Refusal::Why;

WallTime at(std::string_view text) {
  WallTime time;
  EXPECT_TRUE(parse_rfc3339(text, time)) << text;
  return time;
}

const WallTime kNoon = at("2026-11-30T12:00:00Z");

config::Budget budget(BudgetScope scope, std::int64_t amount, BudgetPer per = BudgetPer::day,
                      std::string name = {}) {
  config::Budget made;
  made.scope = scope;
  made.name = std::move(name);
  made.amount = {amount};
  made.per = per;
  return made;
}

class BudgetsTest : public testing::Test {
 protected:
  std::shared_ptr<const Budgets> build(std::vector<config::Budget> settings,
                                       const Budgets* previous = nullptr) {
    auto budgets = Budgets::build(
        settings, [this](Alert alert) { alerts_.push_back(std::move(alert)); }, previous);
    budgets->restored(kNoon, [](auto, auto) { return std::nullopt; });
    return budgets;
  }
  static std::optional<Why> refusal(const std::expected<Charge, Refusal>& charge) {
    return charge ? std::nullopt : std::optional(charge.error().why);
  }
  static NanoDollars spent(const Budgets& budgets, WallTime now = kNoon) {
    return budgets.standings(now, [](auto, auto) { return std::nullopt; }).at(0).spent;
  }
  std::vector<int> shares() const {
    std::vector<int> all;
    for (const Alert& alert : alerts_) all.push_back(alert.share);
    return all;
  }
  std::vector<Alert> alerts_;
};

TEST_F(BudgetsTest, ReservesTheWorstAndSettlesToTheReal) {
  const auto budgets = build({budget(BudgetScope::global, 100)});
  auto first = budgets->reserve({}, NanoDollars{70}, kNoon, false);
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal(budgets->reserve({}, NanoDollars{40}, kNoon, false)), Why::reserved);
  EXPECT_EQ(refusal(budgets->reserve({}, NanoDollars{101}, kNoon, false)), Why::exhausted);
  first->settle({10}, kNoon);
  EXPECT_EQ(spent(*budgets), NanoDollars{10});
  {
    auto dropped = budgets->reserve({}, NanoDollars{90}, kNoon, false);
    ASSERT_TRUE(dropped);
  }
  EXPECT_TRUE(budgets->reserve({}, NanoDollars{90}, kNoon, false));
}

TEST_F(BudgetsTest, AllScopesMustHaveMoneyOrNoneIsCharged) {
  const auto budgets = build({budget(BudgetScope::global, 100), budget(BudgetScope::tenant, 50),
                              budget(BudgetScope::tenant, 10, BudgetPer::day, "poor"),
                              budget(BudgetScope::task, 30, BudgetPer::total)});
  const Spender poor{.tenant = "poor"};
  const auto refused = budgets->reserve(poor, NanoDollars{11}, kNoon, false);
  EXPECT_EQ(refusal(refused), Why::exhausted);
  EXPECT_EQ(refused.error().name, "poor");
  EXPECT_EQ(refused.error().limit, NanoDollars{10});
  EXPECT_EQ(refused.error().error().message,
            "budget tenant.day of poor: $0.00000001 per day: this request may cost up to "
            "$0.000000011 and $0.00000001 is left; there is money again at "
            "2026-12-01T00:00:00.000Z");
  // Nothing is held of the global one.
  EXPECT_TRUE(budgets->reserve({}, NanoDollars{100}, kNoon, false));
  const Spender task{.tenant = "rich", .task = "t1"};
  EXPECT_EQ(refusal(budgets->reserve(task, NanoDollars{31}, kNoon, false)), Why::exhausted);
  EXPECT_TRUE(budgets->reserve({.tenant = "rich", .task = "t2"}, NanoDollars{30}, kNoon, false));
}

TEST_F(BudgetsTest, ANamedKeyIsFoundByItsNameAndCountedByItsId) {
  const auto budgets =
      build({budget(BudgetScope::key, 10, BudgetPer::day, "ci"), budget(BudgetScope::key, 50)});
  const Spender ci{.key = "key_1", .key_name = "ci"};
  const Spender other{.key = "key_2", .key_name = "other"};
  EXPECT_TRUE(refusal(budgets->reserve(ci, NanoDollars{11}, kNoon, false)));
  EXPECT_TRUE(budgets->reserve(other, NanoDollars{11}, kNoon, false));
}

TEST_F(BudgetsTest, AKeysOwnCapsHoldBesideTheConfiguration) {
  const auto budgets = build({});
  EXPECT_FALSE(budgets->any());
  const std::vector<config::SpendingCap> caps{{{20}, BudgetPer::day}, {{30}, BudgetPer::month}};
  const Spender who{.key = "key_1", .caps = caps};
  budgets->reserve(who, NanoDollars{20}, kNoon, false)->settle({20}, kNoon);
  EXPECT_EQ(refusal(budgets->reserve(who, NanoDollars{1}, kNoon, false)), Why::exhausted);
  const WallTime tomorrow = kNoon + 24h;  // and a new month
  budgets->reserve(who, NanoDollars{20}, tomorrow, false)->settle({20}, tomorrow);
  const WallTime after = tomorrow + 24h;
  const auto refused = budgets->reserve(who, NanoDollars{11}, after, false);
  ASSERT_EQ(refusal(refused), Why::exhausted);
  EXPECT_EQ(refused.error().budget_name(), "key.month");
  EXPECT_EQ(shares(), (std::vector{8000, 10000, 8000, 10000, 10000}));
}

TEST_F(BudgetsTest, AnUnknownPriceIsRefusedUnlessTheBudgetSaysOtherwise) {
  config::Budget strict = budget(BudgetScope::global, 100);
  EXPECT_EQ(refusal(build({strict})->reserve({}, std::nullopt, kNoon, false)), Why::unknown_price);
  strict.unknown_price = config::UnknownPrice::allow;
  EXPECT_TRUE(build({strict})->reserve({}, std::nullopt, kNoon, false));
  config::Budget lax = budget(BudgetScope::global, 100);
  lax.on_exhausted = OnExhausted::alert_only;
  EXPECT_TRUE(build({lax})->reserve({}, std::nullopt, kNoon, false));
}

TEST_F(BudgetsTest, OneThatOnlyAlertsCountsWithoutEnd) {
  config::Budget lax = budget(BudgetScope::global, 100);
  lax.on_exhausted = OnExhausted::alert_only;
  const auto budgets = build({lax});
  for (int i = 0; i < 3; ++i) {
    budgets->reserve({}, NanoDollars{90}, kNoon, false)->settle({90}, kNoon);
  }
  EXPECT_EQ(spent(*budgets), NanoDollars{270});
  EXPECT_EQ(shares(), (std::vector{8000, 10000}));
}

TEST_F(BudgetsTest, OneThatDivertsRefusesWhatWasNotDiverted) {
  config::Budget diverts = budget(BudgetScope::global, 100);
  diverts.on_exhausted = OnExhausted::downgrade;
  diverts.downgrade_to = "cheap";
  const auto budgets = build({diverts});
  EXPECT_EQ(refusal(budgets->reserve({}, NanoDollars{101}, kNoon, false)), Why::exhausted);
  budgets->reserve({}, NanoDollars{101}, kNoon, true)->settle({101}, kNoon);
  EXPECT_EQ(spent(*budgets), NanoDollars{101});
}

TEST_F(BudgetsTest, AlertsComeOncePerThresholdAndPeriod) {
  config::Budget noisy = budget(BudgetScope::tenant, 100);
  noisy.alert_at = {0.5, 1.0, 2.0};
  noisy.on_exhausted = OnExhausted::alert_only;
  const auto budgets = build({noisy});
  const auto spend = [&](std::int64_t amount, WallTime when) {
    budgets->reserve({.tenant = "t"}, NanoDollars{amount}, when, false)->settle({amount}, when);
  };
  spend(49, kNoon);
  EXPECT_TRUE(alerts_.empty());
  spend(1, kNoon);
  EXPECT_EQ(shares(), (std::vector{5000}));
  EXPECT_EQ(alerts_[0].name, "t");
  EXPECT_EQ(alerts_[0].spent, NanoDollars{50});
  EXPECT_EQ(alerts_[0].period.begin, at("2026-11-30T00:00:00Z"));
  EXPECT_EQ(alerts_[0].runs_out, kNoon + 1h) << "50 in the last hour";
  spend(200, kNoon);
  EXPECT_EQ(shares(), (std::vector{5000, 10000, 20000}));
  spend(50, kNoon + 24h);
  EXPECT_EQ(shares(), (std::vector{5000, 10000, 20000, 5000}));
  // The clock is set back into a day whose alerts were given.
  spend(50, kNoon);
  EXPECT_EQ(alerts_.size(), 4u);
}

TEST_F(BudgetsTest, ARefusalIsTheLastAlert) {
  const auto budgets = build({budget(BudgetScope::global, 100)});
  budgets->reserve({}, NanoDollars{95}, kNoon, false)->settle({95}, kNoon);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(budgets->reserve({}, NanoDollars{6}, kNoon, false));
  }
  EXPECT_EQ(shares(), (std::vector{8000, 10000}));
  EXPECT_FALSE(alerts_[0].turned_away);
  EXPECT_TRUE(alerts_[1].turned_away);
  budgets->reserve({}, NanoDollars{5}, kNoon, false)->settle({5}, kNoon);
  EXPECT_EQ(alerts_.size(), 2u);
}

TEST_F(BudgetsTest, MoneyCountsInThePeriodThatTheAttemptBeganIn) {
  const auto budgets = build({budget(BudgetScope::global, 100)});
  const WallTime midnight = at("2026-12-01T00:00:00Z");
  auto late = budgets->reserve({}, NanoDollars{60}, midnight - 1ns, false);
  auto early = budgets->reserve({}, NanoDollars{100}, midnight, false);
  ASSERT_TRUE(late && early);
  late->settle({50}, midnight + 1h);
  EXPECT_EQ(spent(*budgets, midnight - 1ns), NanoDollars{50});
  EXPECT_EQ(spent(*budgets, midnight), NanoDollars{0});
}

TEST_F(BudgetsTest, AReloadKeepsWhatWasCounted) {
  const auto before = build({budget(BudgetScope::global, 100), budget(BudgetScope::tenant, 100)});
  const Spender who{.tenant = "t"};
  auto in_flight = before->reserve(who, NanoDollars{30}, kNoon, false);
  before->reserve(who, NanoDollars{20}, kNoon, false)->settle({20}, kNoon);
  const auto after = build({budget(BudgetScope::global, 60)}, before.get());
  EXPECT_TRUE(after->is_restored());
  EXPECT_EQ(spent(*after), NanoDollars{20});
  EXPECT_EQ(refusal(after->reserve(who, NanoDollars{11}, kNoon, false)), Why::reserved);
  in_flight->settle({30}, kNoon);
  EXPECT_EQ(spent(*after), NanoDollars{50});
}

TEST_F(BudgetsTest, OtherAmountsAndThresholdsAlertAnew) {
  config::Budget one = budget(BudgetScope::global, 100);
  one.alert_at = {0.8, 1.0};
  const auto before = build({one});
  before->reserve({}, NanoDollars{85}, kNoon, false)->settle({85}, kNoon);
  EXPECT_EQ(shares(), (std::vector{8000}));
  one.alert_at = {0.5, 0.9};  // the 50 % are not told of, and 90 % is no longer the first
  const auto other_shares = build({one}, before.get());
  EXPECT_EQ(shares(), (std::vector{8000, 5000})) << "at the reload, though nobody spends";
  other_shares->reserve({}, NanoDollars{5}, kNoon, false)->settle({5}, kNoon);
  EXPECT_EQ(shares(), (std::vector{8000, 5000, 9000}));
  one.amount = {200};
  const auto more = build({one}, other_shares.get());
  EXPECT_EQ(shares(), (std::vector{8000, 5000, 9000}));
  more->reserve({}, NanoDollars{95}, kNoon, false)->settle({95}, kNoon);
  EXPECT_EQ(shares(), (std::vector{8000, 5000, 9000, 5000, 9000}));
  EXPECT_EQ(alerts_.back().limit, NanoDollars{200});
  EXPECT_EQ(build({one}, more.get())->is_restored(), true);
  EXPECT_EQ(alerts_.size(), 5u) << "the same terms: nothing new";
}

TEST_F(BudgetsTest, AnAttemptInFlightAtAReloadCountsInWhatIsNew) {
  const auto before = build({budget(BudgetScope::global, 100)});
  const Spender who{.model = "m"};
  auto in_flight = before->reserve(who, NanoDollars{90}, kNoon, false);
  const auto next = Budgets::build(
      std::vector{budget(BudgetScope::global, 100), budget(BudgetScope::model, 50)},
      [this](Alert alert) { alerts_.push_back(std::move(alert)); }, before.get());
  EXPECT_FALSE(before->followed());
  before->follow(next);
  ASSERT_TRUE(before->followed());
  EXPECT_FALSE(next->followed());
  in_flight->settle({85}, kNoon);
  before->count_late(who, "req_1", 1, {45}, kNoon, kNoon);
  // While the ledger is read, which may have it already.
  EXPECT_TRUE(next->has_counted("req_1", 1));
  EXPECT_FALSE(next->has_counted("req_1", 2));
  next->restored(kNoon, [](auto, auto) { return std::nullopt; });
  before->count_late(who, "req_1", 2, {40}, kNoon, kNoon);
  EXPECT_FALSE(next->has_counted("req_1", 2));
  const auto standings = next->standings(kNoon, [](auto, auto) { return std::nullopt; });
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].spent, NanoDollars{85}) << "both know of it";
  EXPECT_EQ(standings[1].spent, NanoDollars{85});
  EXPECT_EQ(shares(), (std::vector{8000, 8000, 10000}));
  // Through two reloads.
  const auto last =
      build({budget(BudgetScope::model, 50), budget(BudgetScope::route, 50)}, next.get());
  next->follow(last);
  before->count_late({.route = "r", .model = "m"}, "req_2", 1, {7}, kNoon, kNoon);
  const auto at_last = last->standings(kNoon, [](auto, auto) { return std::nullopt; });
  ASSERT_EQ(at_last.size(), 2u);
  EXPECT_EQ(at_last[0].spent, NanoDollars{92});
  EXPECT_EQ(at_last[1].spent, NanoDollars{7});
}

// Of one ledger that several gateways have, what it had is nobody's own.
TEST_F(BudgetsTest, ATreasuryHearsOfANewBudgetWhenTheLedgerWasRead) {
  struct Called : Treasury {
    void called(Account account) override { accounts.push_back(std::move(account)); }
    std::vector<Account> accounts;
  } treasury;
  const auto before = Budgets::build({}, {}, nullptr, &treasury);
  const auto next =
      Budgets::build(std::vector{budget(BudgetScope::global, 100)}, {}, before.get(), &treasury);
  before->follow(next);
  next->restore({}, {30}, kNoon - 1h, kNoon);
  before->count_late({}, "req_1", 1, {5}, kNoon, kNoon);
  EXPECT_TRUE(treasury.accounts.empty());
  next->restore({}, {20}, kNoon - 1h, kNoon);
  next->restored(kNoon, [](auto, auto) { return std::nullopt; });
  ASSERT_EQ(treasury.accounts.size(), 1u);
  EXPECT_EQ(treasury.accounts[0].restored, NanoDollars{50});
  EXPECT_EQ(treasury.accounts[0].slot->spent(), NanoDollars{55});
}

TEST_F(BudgetsTest, NewOnesBeginWithTheLedger) {
  auto old = budget(BudgetScope::global, 100);
  old.webhook = config::Secret("https://example.com/hook");
  const auto budgets = Budgets::build(
      std::vector{old, budget(BudgetScope::model, 100, BudgetPer::month)},
      [this](Alert alert) { alerts_.push_back(std::move(alert)); }, nullptr);
  EXPECT_EQ(budgets->restore_since(kNoon, [](auto) { return false; }), at("2026-11-01T00:00:00Z"));
  const Spender who{.model = "m"};
  budgets->restore(who, {85}, kNoon - 1h, kNoon);
  budgets->restore(who, {10}, kNoon - 13h, kNoon);  // of the day before
  budgets->restored(kNoon, [](auto, auto) { return std::nullopt; });
  const auto standings = budgets->standings(kNoon, [](auto, auto) { return std::nullopt; });
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].spent, NanoDollars{85});
  EXPECT_EQ(standings[1].spent, NanoDollars{95});
  EXPECT_EQ(standings[1].name, "m");
  EXPECT_EQ(shares(), (std::vector{8000, 8000}));
  // Once is enough.
  EXPECT_EQ(budgets->restore_since(kNoon, [](auto) { return true; }), std::nullopt);
  budgets->restore(who, {1}, kNoon, kNoon);
  EXPECT_EQ(spent(*budgets), NanoDollars{85});
}

TEST(Forecast, IsWhenTheRestIsSpentAtTheRateOfTheLastHour) {
  const Period day{at("2026-11-30T00:00:00Z"), at("2026-12-01T00:00:00Z")};
  EXPECT_EQ(runs_out({300}, {100}, day, kNoon), kNoon + 3h);
  EXPECT_EQ(runs_out({1200}, {100}, day, kNoon), std::nullopt) << "the day ends first";
  EXPECT_EQ(runs_out({0}, {100}, day, kNoon), kNoon);
  EXPECT_EQ(runs_out({1}, {0}, day, kNoon), std::nullopt);
  const Period all{WallTime{}, WallTime::max()};
  EXPECT_EQ(runs_out({2400}, {100}, all, kNoon), kNoon + 24h);
  EXPECT_EQ(runs_out({INT64_MAX}, {1}, all, kNoon), std::nullopt);
}

}  // namespace
}  // namespace tidegate::budgets
