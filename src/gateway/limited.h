// Limited: what a request holds of the configured limits. Lives in its walk, on one worker.
#pragma once

#include <optional>
#include <string>

#include "base/recycle.h"
#include "base/time.h"
#include "limits/limits.h"
#include "routing/table.h"

namespace tidegate::gateway {

struct Limited : Recycled {
  const limits::Limits* rules = nullptr;  // of the snapshot; never null
  limits::Chain request_chain;            // global, tenant, key, client, route, and the key's own
  // Provider and model, of the latest attempt; null: there was none.
  const limits::Chain* target_chain = nullptr;
  Reservation of_request;  // for all attempts together
  Reservation of_attempt;
  const routing::Target* reserved_for = nullptr;  // that of_attempt was waited for
  std::optional<Refusal> awaits;  // of_attempt: those who share the limit are being asked
  const routing::Target* at_limit = nullptr;  // the first target that could not be asked
  Demand used;                                // by all attempts, as the ledger has it
  std::string held_up_by;                     // "key.tokens_per_minute"; empty: nothing
  Duration queued{};
};

}  // namespace tidegate::gateway
