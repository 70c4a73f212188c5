// Restore: what the ledger says that was spent becomes what the budgets have counted, so that the
// two agree after a restart, however the process ended. Called at start and at reloads, by the
// thread that builds configurations, and by `tidegate budgets`.
#pragma once

#include <string>

#include "base/error.h"
#include "budgets/budgets.h"
#include "limits/key_table.h"

namespace tidegate::budgets {

struct LedgerFiles {
  std::string path, journal;
};

// For the budgets that have not been restored yet; reads no more of the ledger than their present
// periods. Errors as ledger::each_attempt_since().
Result<void> restore(const Budgets& budgets, const LedgerFiles& ledger,
                     const limits::KeyTable& keys, WallTime now);

// A key's own caps, by its id.
[[nodiscard]] Budgets::CapOf caps_of(const limits::KeyTable& keys);

}  // namespace tidegate::budgets
