// The ledger's attempts since a moment, one after another, as budgets are counted from them.
// Used at start and by `tidegate budgets`, beside a running gateway. A function, any thread.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "ledger/segment.h"

namespace tidegate::ledger {

// Reads the ledger at `path` and what its journal holds that is not in it yet; each attempt once,
// in no particular order. No ledger: there are none. Errors: invalid (not a ledger, or damaged),
// io, unavailable.
Result<void> each_attempt_since(const std::string& path, const std::string& journal_path,
                                WallTime since,
                                const std::function<void(const Label&, const Entry&)>& each);

}  // namespace tidegate::ledger
