// News: what gateways tell one another: a breaker that opened, the route that a task took. A
// gateway that hears it goes on as if it had found it itself. tell_...: any thread. NewsReader: the
// thread of sharing/.
#pragma once

#include <atomic>
#include <memory>

#include "gateway/snapshot.h"

namespace tidegate::gateway {

// `breaker`: "provider/model".
void tell_of_breaker(sharing::Sharing& sharing, std::string_view breaker, WallTime open_until);
void tell_of_route(sharing::Sharing& sharing, std::uint64_t task, std::uint16_t route);

class NewsReader {
 public:
  NewsReader(SharedState& shared, const std::atomic<std::shared_ptr<const Snapshot>>& snapshot,
             const Clock& clock)
      : shared_(shared), snapshot_(snapshot), clock_(clock) {}
  // News of a kind that this version does not know is left alone.
  void hear(std::string_view kind, std::string_view text) const;

 private:
  void hear_of_breaker(std::string_view text) const;
  void hear_of_route(std::string_view text) const;

  SharedState& shared_;
  const std::atomic<std::shared_ptr<const Snapshot>>& snapshot_;
  const Clock& clock_;
};

}  // namespace tidegate::gateway
