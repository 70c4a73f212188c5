// /v1/responses/{id}: what a client left with us, read, listed and deleted by its id. Called by Api
// on the request's worker; no state of its own.
//
// A response that we keep is answered from what is kept; one that a provider keeps is asked of that
// provider. To a credential that did not ask for it, a response does not exist.
#pragma once

#include "gateway/caller.h"
#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

Task<void> get_response(http::Exchange& exchange, WorkerState& worker, Caller caller);
Task<void> delete_response(http::Exchange& exchange, WorkerState& worker, Caller caller);
Task<void> cancel_response(http::Exchange& exchange, WorkerState& worker, Caller caller);
Task<void> list_input_items(http::Exchange& exchange, WorkerState& worker, Caller caller);

}  // namespace tidegate::gateway
