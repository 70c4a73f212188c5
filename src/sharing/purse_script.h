// What Redis runs for one shared budget in one period: it adds up what each has spent, takes back
// the leases of the dead, and gives out of what is left. Used by Purses. Immutable, any thread.
#pragma once

#include "redis/commands.h"

namespace tidegate::sharing {

// KEYS: the budget (a hash: "s" + who: what that one has spent in the period, only ever more;
// "l" + a gateway's id: what it may still spend, and when it last asked), the set of gateways.
// ARGV: 1 our gateway's id, 2 who we spend as, 3 what we spent, 4 what we may still spend, 5 asked
// for, 6 needed by one request, 7 the budget, 8 milliseconds to keep it, 9 what a ledger has that
// all share, for a server that knows nothing; then who else has spent what, as far as we know.
// Answers: given, what is left, others that want some, then who has spent what.
const redis::Script& purse_script();

}  // namespace tidegate::sharing
