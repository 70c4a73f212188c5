// Counters from a ledger: what is in its store, and what is only in its journal.
#include "budgets/restore.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/scratch_dir.h"
#include "ledger/ledger.h"
#include "ledger/sample_record.h"
#include "limits/sample_keys.h"

namespace tidegate::budgets {
namespace {

using config::BudgetPer;
using config::BudgetScope;

class RestoreTest : public testing::Test {
 protected:
  ledger::UsageRecord record(std::int64_t cost, Duration ago = 1min) {
    ledger::UsageRecord made = ledger::sample_record(0);
    made.started = now_ - ago;
    made.cost = NanoDollars{cost};
    made.key.clear();
    made.tenant.clear();
    made.task.clear();
    return made;
  }
  static config::Budget budget(BudgetScope scope, BudgetPer per, std::string name = {}) {
    config::Budget made;
    made.scope = scope;
    made.per = per;
    made.name = std::move(name);
    made.amount = {1'000'000};
    return made;
  }
  std::vector<Standing> standings(std::vector<config::Budget> budgets) {
    const auto table = keys_.table();
    auto built = Budgets::build(budgets, {}, nullptr);
    const auto restored = restore(*built, files_, *table, now_);
    EXPECT_TRUE(restored) << restored.error().message;
    kept_.push_back(built);
    return built->standings(now_, caps_of(*table));
  }

  ScratchDir dir_;
  const LedgerFiles files_{dir_ / "l.db", dir_ / "l.journal"};
  const WallTime now_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + 12h};
  limits::SampleKeys keys_;
  std::vector<std::shared_ptr<const Budgets>> kept_;
};

TEST_F(RestoreTest, CountsThePresentPeriodsOfAllScopes) {
  const std::string ci = keys_.add("ci").id.text();
  {
    auto ledger = *ledger::Ledger::open(
        {.path = files_.path, .journal_path = files_.journal, .open_store = {}});
    auto by_key = record(500);
    by_key.key = ci;
    by_key.tenant = "t";
    by_key.task = "job";
    ledger->record(by_key);
    ledger->flush();
    ledger->record(record(70));
    ledger->record(record(7, 25h));
    ledger->record(record(1'000'000, 24h * 40));
    auto unpriced = record(0);
    unpriced.cost.reset();
    ledger->record(unpriced);
  }
  const auto all = standings(
      {budget(BudgetScope::global, BudgetPer::day), budget(BudgetScope::global, BudgetPer::month),
       budget(BudgetScope::global, BudgetPer::total),
       budget(BudgetScope::key, BudgetPer::week, "ci"), budget(BudgetScope::tenant, BudgetPer::day),
       budget(BudgetScope::task, BudgetPer::total, "job")});
  std::vector<std::int64_t> spent;
  for (const Standing& one : all) spent.push_back(one.spent.value);
  // Named ones come first.
  EXPECT_EQ(spent, (std::vector<std::int64_t>{500, 500, 570, 577, 1'000'577, 500}));
  EXPECT_EQ(all[0].name, ci);
  EXPECT_EQ(all[2].last_hour, NanoDollars{570});
}

TEST_F(RestoreTest, CountsTheCapsOfKeys) {
  limits::Key& key = keys_.add("ci");
  key.own.caps = {{{900}, BudgetPer::month}};
  const std::string id = key.id.text();
  {
    auto ledger = *ledger::Ledger::open(
        {.path = files_.path, .journal_path = files_.journal, .open_store = {}});
    auto mine = record(800);
    mine.key = id;
    ledger->record(mine);
  }
  const auto all = standings({});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, id);
  EXPECT_EQ(all[0].limit, NanoDollars{900});
  EXPECT_EQ(all[0].spent, NanoDollars{800});
  EXPECT_TRUE(all[0].rule->of_keys);
}

TEST_F(RestoreTest, NoLedgerIsNothingSpent) {
  const auto all = standings({budget(BudgetScope::global, BudgetPer::day)});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].spent, NanoDollars{0});
}

TEST_F(RestoreTest, ADamagedLedgerIsAnError) {
  std::ofstream(files_.path) << "this is no database, but long enough to be read as one ......";
  const auto built =
      Budgets::build(std::vector{budget(BudgetScope::global, BudgetPer::day)}, {}, nullptr);
  EXPECT_FALSE(restore(*built, files_, *keys_.table(), now_));
  EXPECT_FALSE(built->is_restored());
}

}  // namespace
}  // namespace tidegate::budgets
