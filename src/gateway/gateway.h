// Gateway: the whole server: workers, listeners, the configuration in force.
// Owned by the main thread; its loop is the acceptor's. All calls from that thread.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/error.h"
#include "gateway/admin.h"
#include "gateway/api.h"
#include "gateway/news.h"
#include "gateway/shared_state.h"
#include "gateway/worker_state.h"
#include "http/server.h"
#include "loop/resolver.h"
#include "telemetry/log.h"

namespace tidegate::gateway {

class Gateway {
 public:
  // `snapshot` was built with `shared`, whose ledger is open.
  Gateway(Loop& main, const Clock& clock, SharedState& shared, telemetry::Log& log,
          std::shared_ptr<const Snapshot> snapshot);
  ~Gateway();

  // For others' paths on the admin listener, before start().
  [[nodiscard]] Admin& admin() { return *admin_; }

  // Starts the workers and listens.
  Result<void> start();
  [[nodiscard]] const Address& client_address() const { return client_address_; }
  [[nodiscard]] const Address& admin_address() const { return admin_address_; }

  // Requests that come from now on use `snapshot`.
  void use(std::shared_ptr<const Snapshot> snapshot);

  // Waits until every worker has begun another turn of its loop. Not by a worker.
  void pass_turn();

  void count_reload(bool done);

  // Takes no more connections and closes idle ones; requests in flight go on. Gives the time that
  // the configuration grants them.
  Duration drain();
  [[nodiscard]] bool drained() const;
  // Breaks what is still in flight.
  void abort();

 private:
  Result<http::ServerOptions> server_options() const;
  void add_sampled_metrics();
  void add_budget_metrics();  // budget_metrics.cpp

  Loop& main_;
  SharedState& shared_;
  telemetry::Log& log_;
  Resolver resolver_;
  std::atomic<std::shared_ptr<const Snapshot>> snapshot_;  // for scrapes; workers hold their own
  NewsReader news_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<WorkerState>> states_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<http::Server> client_server_;
  std::unique_ptr<http::Server> admin_server_;
  Address client_address_, admin_address_;
  std::atomic<bool> draining_{false};
  std::atomic<int> reloads_done_{0}, reloads_failed_{0};
};

}  // namespace tidegate::gateway
