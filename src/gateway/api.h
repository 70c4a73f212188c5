// Api: the client listener's endpoints. One object for all workers; holds no state of a request.
#pragma once

#include <string>
#include <vector>

#include "gateway/authenticate.h"
#include "gateway/worker_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

class Api final : public http::Handler {
 public:
  // `workers` in the order of the server's; they outlive this.
  explicit Api(std::vector<WorkerState*> workers) : workers_(std::move(workers)) {}

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

 private:
  Task<void> refuse_method(http::Exchange& exchange, WorkerState& worker, std::string allowed);
  Task<void> refuse_caller(http::Exchange& exchange, WorkerState& worker, NotLetIn refusal);
  Task<void> refuse_path(http::Exchange& exchange, WorkerState& worker);

  std::vector<WorkerState*> workers_;
};

}  // namespace tidegate::gateway
