// Access: what is behind a Client, for other parts of the library that send requests of their own
// making through it. Any thread.
#pragma once

#include <cstddef>
#include <expected>

#include "client/in_process.h"
#include "tidegate/client.h"

namespace tidegate::client {

struct Access {
  static InProcess& process(Client& client);
  // Of cost_per_day, for a request with a body of `bytes`; empty where that is not limited.
  static std::expected<Reservation, RequestFailure> reserve(Client& client,
                                                            const ChatRequest& request,
                                                            std::size_t bytes);
};

}  // namespace tidegate::client
