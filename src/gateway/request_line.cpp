#include "gateway/request_line.h"

namespace tidegate::gateway {
namespace {

telemetry::RequestResult result_of(const Walk& walk) {
  if (walk.outcome == ledger::Outcome::client_gone) return telemetry::RequestResult::client_gone;
  if (walk.outcome == ledger::Outcome::ok) return telemetry::RequestResult::ok;
  const bool clients_fault = walk.status >= 400 && walk.status < 500 && walk.status != 429;
  return clients_fault ? telemetry::RequestResult::client_error
                       : telemetry::RequestResult::provider_error;
}

}  // namespace

void log_request(const Walk& walk) {
  WorkerState& worker = walk.worker;
  const telemetry::RequestResult result = result_of(walk);
  if (walk.target != nullptr) {
    worker.cells.add(walk.snapshot->runtime(*walk.target).metrics.requests(result));
  }
  if (!walk.snapshot->config.log.requests) return;
  telemetry::RequestLine line;
  line.at = walk.exchange.received();
  line.id = walk.id;
  line.endpoint = protocol::client_path(walk.surface);
  line.status = walk.status;
  line.result = walk.target == nullptr
                    ? "refused"
                    : telemetry::kRequestResults[static_cast<std::size_t>(result)];
  line.requested_model = walk.understood.requested_model;
  line.route = route_name(walk.understood.decision);
  if (walk.target != nullptr) {
    line.provider = walk.target->model->provider;
    line.model = walk.target->model->id;
  }
  line.reason = walk.understood.decision.reason.view();
  line.notes = walk.notes;
  line.attempts = static_cast<std::uint16_t>(walk.attempts);
  line.stream = walk.understood.stream;
  line.task = walk.understood.task;
  line.role = walk.understood.role;
  line.key_id = walk.caller.key_id();
  line.tenant = walk.caller.tenant();
  line.client = walk.understood.client;
  line.error = walk.error;
  if (walk.limited != nullptr) {
    line.limit = walk.limited->held_up_by;
    line.queued = walk.limited->queued;
  }
  line.usage = walk.usage;
  line.cost = walk.cost;
  line.first_byte = walk.first_byte;
  line.total = worker.loop.now() - walk.started;
  worker.log(line);
}

}  // namespace tidegate::gateway
