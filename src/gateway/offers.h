// The surfaces that are only passed on, embeddings and completions: who may be asked there.
// Used by understand(). Pure functions, any thread.
#pragma once

#include <string_view>

#include "gateway/snapshot.h"
#include "protocol/surface.h"
#include "routing/decision.h"

namespace tidegate::gateway {

// Policies and routes choose among chat models, so a model must be named. `route` is that of
// x-tidegate-route.
[[nodiscard]] Result<void> check_names_model(protocol::Surface surface, std::string_view model,
                                             std::string_view route);

// Leaves the targets whose provider offers the surface. Error invalid: the model's own does not.
[[nodiscard]] Result<void> keep_offers(const Snapshot& snapshot, protocol::Surface surface,
                                       routing::Decision& decision);

}  // namespace tidegate::gateway
