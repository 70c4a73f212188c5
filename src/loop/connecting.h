// Connecting to another machine, for whoever keeps connections: the HTTP client, Redis.
//
//   const auto begun = begin_connecting(address);
//   auto connection = std::make_unique<Connection>(loop, begun->fd);
//   connected = co_await until_connected(connection->socket(), *begun, deadline);
//
// Functions, any loop.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "base/time.h"
#include "loop/address.h"
#include "loop/socket.h"
#include "loop/task.h"

namespace tidegate {

struct BegunConnection {
  int fd = -1;           // belongs to who asked
  bool pending = false;  // not connected yet
};

// Errors here and below: unavailable, with the system's reason.
Result<BegunConnection> begin_connecting(const Address& address);
// Also timeout, and canceled when `watch` is gone.
Task<Result<void>> until_connected(Socket& socket, BegunConnection begun, TimePoint deadline,
                                   Socket* watch = nullptr);

// By when one of `left` addresses must have answered: a dead one must not use up the time of the
// others.
[[nodiscard]] TimePoint share_of(TimePoint deadline, TimePoint now, std::size_t left);

}  // namespace tidegate
