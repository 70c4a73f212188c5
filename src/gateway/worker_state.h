// What a worker needs to serve requests. One per worker, used only on its thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/snapshot.h"
#include "gateway/understand.h"
#include "http/client_pool.h"
#include "ledger/ledger.h"
#include "limits/key_reader.h"
#include "loop/resolver.h"
#include "protocol/answer_reader.h"
#include "telemetry/metrics_list.h"
#include "telemetry/request_log.h"

namespace tidegate::gateway {

class WorkerState {
 public:
  WorkerState(Loop& on, Resolver& dns, SharedState& state, telemetry::Log& log);

  // From the worker's thread, or before it runs.
  void use(std::shared_ptr<const Snapshot> next);

  // `provider`: its place in the configuration.
  [[nodiscard]] http::ClientPool& pool(std::size_t provider) { return *pools_[provider]; }

  void log(const telemetry::RequestLine& line);
  void flush_log();

  Loop& loop;
  Resolver& resolver;
  SharedState& shared;
  telemetry::Cells& cells;
  protocol::AnswerReader answers;
  Memos memos;
  std::optional<limits::KeyReader> keys;  // absent where shared.keys is null
  std::shared_ptr<const Snapshot> snapshot;

 private:
  telemetry::RequestLog requests_;
  Timer flush_timer_;
  std::vector<http::ClientPool*> pools_;  // as in snapshot->providers
  // Pools outlive the snapshots that name them: a reload keeps connections. Their number is bounded
  // by the endpoints ever configured, and idle connections expire.
  std::unordered_map<std::string, std::unique_ptr<http::ClientPool>> all_pools_;
};

}  // namespace tidegate::gateway
