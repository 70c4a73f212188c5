// Admit: a request passes the limits before it is sent, and is settled by what the ledger says that
// it took. Used by the pipeline where limits are configured, on the request's worker.
#pragma once

#include <optional>

#include "gateway/attempt.h"
#include "gateway/walk.h"

namespace tidegate::gateway {

// Makes walk.limited where limits hold for the request, and reserves its estimate. A value: it does
// not fit now.
std::optional<Refusal> admit_request(Walk& walk);
// Then it waits for its turn, or is refused.
Task<AttemptEnd> wait_to_be_admitted(Walk& walk, Refusal first);

// The same for one attempt, which does not wait: another target may be free.
// Where limited.awaits is set afterwards nobody knows yet: wait_for_slice().
std::optional<AttemptEnd> admit_attempt(Walk& walk, const routing::Target& target);
// Until those who share the target's limits have said what is left of them. Absent: reserved.
Task<std::optional<AttemptEnd>> wait_for_slice(Walk& walk, const routing::Target& target);
// Waits until an attempt at `target` may be made and reserves it.
Task<AttemptEnd> wait_for_target(Walk& walk, const routing::Target& target);

// `usage` as the ledger records it for the attempt that ends.
void settle_attempt(Walk& walk, const Usage& usage);
// Once, at the end. A request that was never sent took nothing.
void settle_request(Walk& walk);

}  // namespace tidegate::gateway
