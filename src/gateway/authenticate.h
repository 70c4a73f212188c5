// Who may send requests: reads a client's credential and checks it against the virtual keys.
// Called once per request by Api, on its worker.
#pragma once

#include <expected>
#include <string>

#include "gateway/caller.h"
#include "gateway/worker_state.h"
#include "http/head.h"
#include "telemetry/metrics_list.h"

namespace tidegate::gateway {

struct NotLetIn {
  telemetry::KeyRefusal why;  // for the operator
  Error error;                // for the client: unknown, expired and revoked read alike
};

// Keys come as "Authorization: Bearer KEY" or "x-api-key: KEY", as the SDKs send them.
std::expected<Caller, NotLetIn> authenticate(WorkerState& worker, const http::RequestHead& head,
                                             WallTime now);

// A credential for SharedState::internal_credential that nobody can guess.
Result<std::string> make_internal_credential();

}  // namespace tidegate::gateway
