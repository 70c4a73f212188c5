// Host names to addresses: c-ares on a thread of its own, with a cache that keeps each answer for
// its TTL. One per process; resolve() may be called from any loop.
#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "loop/address.h"
#include "loop/loop.h"
#include "loop/task.h"

namespace tidegate {

class Resolver {
 public:
  struct Options {
    Duration timeout = 5s;  // of one look-up, all retries included
    Duration min_ttl = 1s;  // answers are kept at least and at most so long
    Duration max_ttl = 5min;
    Duration failure_ttl = 1s;  // a failed look-up is repeated after this
    std::string servers;        // "127.0.0.1:5353" instead of the system's; for tests
  };
  explicit Resolver(const Clock& clock) : Resolver(clock, Options{}) {}
  Resolver(const Clock& clock, Options options);
  ~Resolver();  // every look-up must have ended

  // All addresses of `host` (a name or an IP literal) with `port` set; never an empty list.
  // Error::unavailable names the host and the reason.
  Task<Result<std::vector<Address>>> resolve(Loop& loop, std::string host, std::uint16_t port);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace tidegate
