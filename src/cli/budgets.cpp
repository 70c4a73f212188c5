// `tidegate budgets`: how the budgets of a configuration and of keys stand, from the ledger; beside
// a running gateway or without one. What requests in flight have reserved the gateway alone knows.
#include "budgets/budgets.h"

#include <fmt/format.h>

#include "budgets/report.h"
#include "budgets/restore.h"
#include "cli/commands.h"
#include "cli/load_config.h"
#include "limits/key_ring.h"

namespace tidegate::cli {

int budgets(const BudgetsOptions& options) {
  const config::Loaded loaded = load_config(options.config);
  if (print_problems(loaded.problems)) return kCouldNotRun;
  const auto keys =
      limits::KeyRing::open({loaded.config.state.keys, loaded.config.key_secret.reveal()});
  if (!keys) {
    fmt::print(stderr, "cannot open the keys: {}\n", keys.error().message);
    return kCouldNotRun;
  }
  const auto table = (*keys)->table();
  const WallTime now = SystemClock().wall();
  const auto all = tidegate::budgets::Budgets::build(loaded.config.budgets, {}, nullptr);
  const auto restored = tidegate::budgets::restore(
      *all, {loaded.config.state.ledger, loaded.config.state.journal}, *table, now);
  if (!restored) {
    fmt::print(stderr, "{}\n", restored.error().message);
    return kCouldNotRun;
  }
  const auto standings = all->standings(now, tidegate::budgets::caps_of(*table));
  if (options.json) {
    fmt::print("{}\n", tidegate::budgets::to_json(standings));
  } else {
    fmt::print("{}", tidegate::budgets::to_text(standings));
  }
  return kDone;
}

}  // namespace tidegate::cli
