// The ledger's tables: segments that are inserted once and never changed, and the view `attempt`
// that shows them as one row per attempt to whoever opens the file with sqlite3.
// Used by the writer and the report, each with its own store.
#pragma once

#include "base/error.h"
#include "ledger/segment.h"
#include "store/store.h"

namespace tidegate::ledger {

Result<void> migrate_schema(store::Store& store);

// False: a segment with this id is there already; it is left alone.
Result<bool> insert_segment(store::Store& store, const Segment& segment);

}  // namespace tidegate::ledger
