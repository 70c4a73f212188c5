// The walk of one request: understand, measure, decide, attempt, stream, settle.
// Called by Api on the request's worker; no state of its own.
#pragma once

#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

// POST to the path of a surface.
Task<void> serve(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                 Caller caller);

// POST /v1/route: the same request, explained instead of sent.
Task<void> explain_route(http::Exchange& exchange, WorkerState& worker, Caller caller);

// Answers with an error of ours, in the words of the endpoint's surface, and counts it.
// `headers`: further lines "Name: value\r\n".
Task<void> answer_error(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                        Error error, std::string headers);

}  // namespace tidegate::gateway
