// Server: listens on one address and serves HTTP/1.1 on a set of workers. The acceptor is a loop of
// the owner's; each connection goes to the worker with the fewest open ones and stays there.
// start(), drain() and the destructor are for the owner's thread.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "http/exchange.h"
#include "loop/address.h"
#include "loop/worker.h"

namespace tidegate::tls {
class ServerContext;
}

namespace tidegate::http {

struct ServerOptions {
  HeadLimits head = {};
  std::uint64_t body_bytes = 48ull << 20;
  int connections = 20000;                       // more are closed at once
  Duration client_head = 10s;                    // to receive a head, once its first byte is here
  Duration client_body = 60s;                    // without progress of a body
  Duration client_idle = 75s;                    // between requests
  Duration client_write = 60s;                   // without progress of an answer
  std::shared_ptr<tls::ServerContext> tls = {};  // null: plain HTTP
};

class Server {
 public:
  // `workers` and `handler` must outlive the server.
  Server(ServerOptions options, Handler& handler, std::span<Worker* const> workers);
  ~Server();

  // Listens; the acceptor runs on `acceptor`.
  Result<Address> start(Loop& acceptor, const Address& address);
  // Stops accepting and closes idle connections; those with a request in flight close after its
  // answer. Any thread. Afterwards open() falls to zero.
  void drain();
  // Closes every connection now.
  void abort();
  [[nodiscard]] int open() const { return open_.load(std::memory_order_relaxed); }
  // Connections accepted since the start.
  [[nodiscard]] std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }

 private:
  friend class ServerConnection;
  struct Acceptor;
  struct PerWorker;
  void hand_over(int fd);

  const ServerOptions options_;
  Handler& handler_;
  // Shared with what is posted to the loops, which may come to it after the server is gone.
  std::vector<std::shared_ptr<PerWorker>> workers_;
  std::shared_ptr<Acceptor> acceptor_;
  std::atomic<int> open_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<bool> draining_{false};
};

}  // namespace tidegate::http
