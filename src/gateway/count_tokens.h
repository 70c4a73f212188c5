// POST /v1/messages/count_tokens: how many tokens a request is, before it is sent.
// Called by Api on the request's worker; no state of its own.
#pragma once

#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

// An estimate, calibrated by what the model that would get the request has reported before; no
// provider is asked.
Task<void> count_tokens(http::Exchange& exchange, WorkerState& worker, Caller caller);

}  // namespace tidegate::gateway
