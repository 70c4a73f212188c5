// A request for something that a provider keeps, passed on to that provider and its answer passed
// back, with no more changed than the credentials. Used where no model is asked: nothing is
// measured, retried or accounted. On the request's worker.
#pragma once

#include <string>

#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

// The target's path must begin with "/v1/responses"; `provider` must outlive the task. Gives the
// status that the client got; 0: the client is gone. A provider that the configuration no longer
// has is 404.
Task<int> relay(http::Exchange& exchange, WorkerState& worker, const std::string& provider);

}  // namespace tidegate::gateway
