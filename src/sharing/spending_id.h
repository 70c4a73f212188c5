// spending_id: as whom a gateway spends that has a ledger of its own: an id that stays with the
// ledger's file, in one beside it. Called at the start.
#pragma once

#include <string>

#include "base/error.h"

namespace tidegate::sharing {

// Of the file at `path`, which is made if there is none.
Result<std::string> spending_id(const std::string& path);

}  // namespace tidegate::sharing
