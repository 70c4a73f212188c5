// ClientPool: keep-alive connections from one worker to one endpoint. At most `max_connections` are
// open; further calls wait in order. Idle ones expire. One per worker and endpoint, never shared.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/error.h"
#include "http/endpoint.h"
#include "loop/loop.h"
#include "loop/resolver.h"
#include "loop/task.h"
#include "tls/stream.h"

namespace tidegate::http {

struct ClientConnection {
  ClientConnection(Loop& loop, int fd) : stream(loop, fd) {}
  tls::Stream stream;
  TimePoint idle_since{};
  bool reused = false;
};

class ClientPool {
 public:
  // `context`: null for plain HTTP.
  ClientPool(Loop& loop, Resolver& resolver, Endpoint endpoint,
             std::shared_ptr<const tls::ClientContext> context);
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // An idle connection that still looks open, or null.
  std::unique_ptr<ClientConnection> take_idle();
  // A new connection. Waits for its turn first if the pool is full. Ends when `client` leaves.
  // Errors: timeout, unavailable (DNS, refused, TLS), canceled; with the field base_url where
  // nobody answers at the address.
  Task<Result<std::unique_ptr<ClientConnection>>> connect(TimePoint deadline, Socket& client);
  // Gives a connection back for reuse, or closes it.
  void give_back(std::unique_ptr<ClientConnection> connection, bool reusable);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] int open() const { return open_; }

 private:
  struct Waiter {
    Socket* client;
    bool granted = false;
  };
  Task<Result<std::unique_ptr<ClientConnection>>> open_connection(TimePoint deadline,
                                                                  Socket& client);
  Task<Result<std::unique_ptr<ClientConnection>>> connect_to(Address address, TimePoint deadline,
                                                             Socket& client);
  Task<Result<void>> wait_for_turn(TimePoint deadline, Socket& client);
  void closed_one();
  void wake_waiting();
  void sweep();

  [[nodiscard]] Duration sweep_interval() const { return endpoint_.idle / 8; }

  Loop& loop_;
  Resolver& resolver_;
  const Endpoint endpoint_;
  std::shared_ptr<const tls::ClientContext> context_;
  std::vector<std::unique_ptr<ClientConnection>> idle_;  // longest idle first
  std::deque<Waiter*> waiting_;
  tls::SessionPtr session_;  // for resumption
  int open_ = 0;             // idle, busy and being opened
  bool waking_ = false;      // wake_waiting() is on the stack
  Timer sweep_timer_;
};

}  // namespace tidegate::http
