// The ledger's tables: segments that are inserted once and never changed, and the view `attempt`
// that shows them as one row per attempt to whoever opens the file with sqlite3.
// Used by the writer and the report, each with its own store.
#pragma once

#include <optional>

#include "base/error.h"
#include "store/store.h"

namespace tidegate::ledger {

Result<void> migrate_schema(store::Store& store);

// Whether the tables keep roll-ups, as they do since an earlier version; absent: there are no
// tables of the ledger. Error::invalid: a newer program made them.
Result<std::optional<bool>> has_rollups(store::Store& store);

}  // namespace tidegate::ledger
