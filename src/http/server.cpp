#include "http/server.h"

#include <fmt/chrono.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "http/server_connection.h"
#include "http/server_state.h"

namespace tidegate::http {
struct Server::Acceptor {
  Acceptor(Loop& on, int fd) : loop(on), socket(on, fd) {}

  Loop& loop;
  Socket socket;
  TaskGroup tasks;

  static Task<void> run(Server& server, Acceptor& acceptor) {
    for (;;) {
      const Wake wake = co_await acceptor.socket.until_readable(kNever);
      if (wake != Wake::ready) co_return;
      for (;;) {
        const int fd =
            ::accept4(acceptor.socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
          server.hand_over(fd);
        } else if (errno == EAGAIN) {
          acceptor.socket.not_readable();
          break;
        } else if (errno != EINTR && errno != ECONNABORTED) {
          // Out of descriptors or memory: connections end meanwhile.
          const Wake slept = co_await acceptor.socket.until_gone(acceptor.loop.now() + 50ms);
          if (slept != Wake::timed_out) co_return;
        }
      }
    }
  }
};

void Server::PerWorker::add(int fd) {
  // The frame holds `self`: the server may go as soon as open() is zero, the task group only after
  // its last task.
  const auto run = [](Server& owner, std::shared_ptr<PerWorker> self, int socket) -> Task<void> {
    {
      ServerConnection connection(owner, *self, socket);
      co_await connection.run();
    }
    self->worker.connections.fetch_sub(1, std::memory_order_relaxed);
    owner.open_.fetch_sub(1, std::memory_order_release);
    owner.open_.notify_all();
  };
  tasks.spawn(run(server, shared_from_this(), fd));
}

std::string_view Server::PerWorker::date(WallTime now) {
  const std::int64_t second = now.time_since_epoch().count() / 1'000'000'000;
  if (second != date_second) {
    date_second = second;
    date_line =
        fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(std::time_t{second}));
  }
  return date_line;
}

void Server::PerWorker::close_idle() {
  for (ServerConnection* connection = first; connection != nullptr;) {
    ServerConnection* const next = connection->next_;
    connection->close_if_idle();
    connection = next;
  }
}

void Server::PerWorker::abort_all() {
  for (ServerConnection* c = first; c != nullptr; c = c->next_) c->abort();
}

Server::Server(ServerOptions options, Handler& handler, std::span<Worker* const> workers)
    : options_(std::move(options)), handler_(handler) {
  for (Worker* worker : workers) {
    workers_.push_back(std::make_shared<PerWorker>(*this, *worker, workers_.size()));
  }
}

Server::~Server() {
  draining_ = true;
  if (acceptor_ != nullptr) acceptor_->socket.cancel();
  if (open() != 0) abort();
  for (int open = open_.load(); open != 0; open = open_.load()) open_.wait(open);
}

Result<Address> Server::start(Loop& acceptor, const Address& address) {
  const Result<int> fd = listen_on(address);
  if (!fd) return std::unexpected(fd.error());
  const Address bound = local_address(*fd);
  acceptor_ = std::make_shared<Acceptor>(acceptor, *fd);
  acceptor_->tasks.spawn(Acceptor::run(*this, *acceptor_));
  return bound;
}

void Server::hand_over(int fd) {
  if (open_.load(std::memory_order_relaxed) >= options_.connections ||
      draining_.load(std::memory_order_relaxed)) {
    ::close(fd);
    return;
  }
  const auto fewest = std::ranges::min_element(workers_, {}, [](const auto& candidate) {
    return candidate->worker.connections.load(std::memory_order_relaxed);
  });
  const std::shared_ptr<PerWorker>& chosen = *fewest;
  chosen->worker.connections.fetch_add(1, std::memory_order_relaxed);
  open_.fetch_add(1, std::memory_order_relaxed);
  accepted_.fetch_add(1, std::memory_order_relaxed);
  chosen->worker.loop().post([state = chosen, fd] { state->add(fd); });
}

void Server::drain() {
  draining_ = true;
  if (acceptor_ != nullptr) {
    acceptor_->loop.post([acceptor = std::weak_ptr(acceptor_)] {
      if (const auto still = acceptor.lock()) {
        ::shutdown(still->socket.fd(), SHUT_RDWR);  // who connects now is refused, not left waiting
        still->socket.cancel();
      }
    });
  }
  for (const auto& worker : workers_) {
    worker->worker.loop().post([state = worker] { state->close_idle(); });
  }
}

void Server::abort() {
  draining_ = true;
  for (const auto& worker : workers_) {
    worker->worker.loop().post([state = worker] { state->abort_all(); });
  }
}

}  // namespace tidegate::http
