// GET /v1/models and /v1/models/{model}: what the `model` field of the caller's requests may say,
// in OpenAI's shape; in Anthropic's for a caller that sends anthropic-version, as its SDKs always
// do. Called by Api on the request's worker; no state of its own.
#pragma once

#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

// All on one page, whatever limit, after_id or before_id say.
Task<void> list_models(http::Exchange& exchange, WorkerState& worker, Caller caller);
// 404 model_not_found for one that there is not, or that the caller's key may not use.
Task<void> get_model(http::Exchange& exchange, WorkerState& worker, Caller caller);

}  // namespace tidegate::gateway
