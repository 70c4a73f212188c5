// Connection: one connection to a Redis server, ready for commands. An exchange sends some and
// reads their replies; after one that failed the connection is of no use.
// Belongs to one loop; one coroutine uses it at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "loop/loop.h"
#include "loop/resolver.h"
#include "loop/task.h"
#include "redis/commands.h"
#include "redis/reply.h"
#include "tls/stream.h"

namespace tidegate::redis {

struct Server {
  std::string host{};  // name or IP literal
  std::uint16_t port = 6379;
  std::string user{}, password{};  // secrets: no error repeats them
  int database = 0;
  std::shared_ptr<const tls::ClientContext> tls{};  // null: none

  [[nodiscard]] std::string where() const;  // "10.0.0.5:6379", for messages
};

class Connection {
 public:
  // The oldest server that is tested, and whose scripts may ask for the time before they write.
  static constexpr int kOldestMajor = 7;

  Connection(Loop& loop, int fd) : stream_(loop, fd) {}

  // Connects, secures, gives the password and chooses the database. Errors: unavailable, timeout,
  // unauthorized (a wrong password), invalid (too old, no such database); each names the server.
  static Task<Result<std::unique_ptr<Connection>>> open(Loop& loop, Resolver& resolver,
                                                        Server server, TimePoint deadline);

  // As many replies as commands. Scripts that the server does not know are sent again, whole.
  // Errors: timeout, unavailable, bad_answer. `commands` must live until it is done.
  Task<Result<std::vector<Reply>>> exchange(const Commands& commands, TimePoint deadline);

  // Exchanges with their second round, if there was one.
  [[nodiscard]] std::uint64_t round_trips() const { return round_trips_; }

 private:
  static Task<Result<std::unique_ptr<Connection>>> connect(Loop& loop, Address address,
                                                           TimePoint deadline);
  Task<Result<void>> greet(const Server& server, TimePoint deadline);
  Task<Result<std::vector<Reply>>> send(const Commands& commands, TimePoint deadline);
  Task<Result<void>> write(std::string_view bytes, TimePoint deadline);
  Task<Result<Reply>> read(TimePoint deadline);

  tls::Stream stream_;
  ReplyReader reader_;
  std::uint64_t round_trips_ = 0;
};

}  // namespace tidegate::redis
