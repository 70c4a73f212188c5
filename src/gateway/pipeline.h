// The walk of one request: understand, measure, decide, attempt, stream, settle.
// Called by Api on the request's worker; no state of its own.
#pragma once

#include <string>

#include "base/request_id.h"
#include "gateway/worker_state.h"
#include "http/exchange.h"
#include "ledger/usage_record.h"

namespace tidegate::gateway {

// How a request went, for programs that send theirs in process. Their answer says the rest.
struct WalkEnd {
  RequestId id;  // of its records in the ledger
  ledger::Outcome outcome = ledger::Outcome::ok;
  unsigned attempts = 0;
  std::string provider, model;  // that was asked last; empty: none
  std::string notes;
  Duration queued{};      // in line for limits
  Duration first_byte{};  // from the start; zero: no answer began
};

// POST to the path of a surface. `end`: filled when it is given.
Task<void> serve(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                 Caller caller, WalkEnd* end = nullptr);

// POST /v1/route: the same request, explained instead of sent.
Task<void> explain_route(http::Exchange& exchange, WorkerState& worker, Caller caller);

// Answers with an error of ours, in the words of the endpoint's surface, and counts it.
// `headers`: further lines "Name: value\r\n".
Task<void> answer_error(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                        Error error, std::string headers);

}  // namespace tidegate::gateway
