// What becomes of a prompt that does not fit a target, as the profile of its client asks.
// Used once for each target that is tried, on the request's worker.
#pragma once

#include "base/error.h"
#include "gateway/walk.h"

namespace tidegate::gateway {

// Makes the request ready for `target`: as it was sent, or, where the profile wants it truncated
// and it does not fit, with messages left out. Without a profile that cares it is as it was sent.
//
// Error too_large: it cannot go there. Another target may yet be large enough, unless the profile
// says reject.
Result<void> fit(Walk& walk, const routing::Target& target);

[[nodiscard]] bool may_fit_elsewhere(const Walk& walk);

}  // namespace tidegate::gateway
