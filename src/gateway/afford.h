// Afford: before an attempt leaves, the most that it may cost is reserved with every budget that
// counts it; what it did cost is settled. Used by the pipeline on the request's worker.
#pragma once

#include <optional>

#include "gateway/attempt.h"
#include "gateway/walk.h"

namespace tidegate::gateway {

// Once, after the decision: makes walk.budgeted if a budget may count the request.
void begin_budget(Walk& walk);

// Reserves for one attempt, which must begin at once. A value: it may not be made. Where
// walk.budgeted->awaits is set afterwards nobody knows yet: wait_for_money().
std::optional<AttemptEnd> afford(Walk& walk, const routing::Target& target);

// Asks again while those who share a budget are being asked, which takes a round trip.
Task<std::optional<AttemptEnd>> wait_for_money(Walk& walk, const routing::Target& target);

// After a refusal that diverts: sends the request to the budget's route. False: it cannot go there.
bool divert(Walk& walk);

// `cost` as the ledger records it for the attempt that ends; absent: unknown, and counts as
// nothing.
void settle_charge(Walk& walk, const std::optional<NanoDollars>& cost);

}  // namespace tidegate::gateway
