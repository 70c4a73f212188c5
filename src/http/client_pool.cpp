#include "http/client_pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "loop/connecting.h"

namespace tidegate::http {

ClientPool::ClientPool(Loop& loop, Resolver& resolver, Endpoint endpoint,
                       std::shared_ptr<const tls::ClientContext> context)
    : loop_(loop),
      resolver_(resolver),
      endpoint_(std::move(endpoint)),
      context_(std::move(context)),
      sweep_timer_([](void* self) { static_cast<ClientPool*>(self)->sweep(); }, this) {}

ClientPool::~ClientPool() = default;

std::unique_ptr<ClientConnection> ClientPool::take_idle() {
  while (!idle_.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    // Bytes or an end that nobody asked for: the provider is closing, or is out of step.
    const Io io = connection->stream.read(loop_.scratch(), 1);
    if (io.again) {
      connection->reused = true;
      return connection;
    }
    connection.reset();
    closed_one();
  }
  return nullptr;
}

void ClientPool::give_back(std::unique_ptr<ClientConnection> connection, bool reusable) {
  if (!reusable || connection->stream.socket().peer_gone()) {
    connection.reset();
    closed_one();
    return;
  }
  if (!connection->reused && connection->stream.secured()) session_ = connection->stream.session();
  connection->idle_since = loop_.now();
  idle_.push_back(std::move(connection));
  if (!sweep_timer_.armed()) loop_.arm(sweep_timer_, loop_.now() + sweep_interval());
  wake_waiting();
}

void ClientPool::closed_one() {
  --open_;
  wake_waiting();
}

// Each of those whose turn it is takes an idle connection or opens one at once. One that fails at
// once comes back here: the loop below goes on for it, since a chain of calls would be as deep as
// the queue is long.
void ClientPool::wake_waiting() {
  if (waking_) return;
  waking_ = true;
  while (!waiting_.empty() && (!idle_.empty() || open_ < endpoint_.max_connections)) {
    Waiter* const next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    next->client->cancel();
  }
  waking_ = false;
}

void ClientPool::sweep() {
  const TimePoint oldest = loop_.now() - endpoint_.idle;
  const auto expired = [&](const std::unique_ptr<ClientConnection>& connection) {
    return connection->idle_since < oldest || connection->stream.socket().peer_gone();
  };
  const auto before = idle_.size();
  std::erase_if(idle_, expired);
  open_ -= static_cast<int>(before - idle_.size());
  if (!idle_.empty()) loop_.arm(sweep_timer_, loop_.now() + sweep_interval());
}

Task<Result<void>> ClientPool::wait_for_turn(TimePoint deadline, Socket& client) {
  Waiter waiter{&client};
  waiting_.push_back(&waiter);
  const Wake wake = co_await client.until_gone(deadline);
  if (waiter.granted) co_return Result<void>{};
  std::erase(waiting_, &waiter);
  if (wake == Wake::timed_out) {
    co_return fail(ErrorCode::timeout,
                   fmt::format("all {} connections to {} are in use (option max_connections)",
                               endpoint_.max_connections, endpoint_.authority));
  }
  co_return fail(ErrorCode::canceled, "the client left");
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientPool::connect(TimePoint deadline,
                                                                    Socket& client) {
  while (open_ >= endpoint_.max_connections) {
    const Result<void> turn = co_await wait_for_turn(deadline, client);
    if (!turn) co_return std::unexpected(turn.error());
    if (auto connection = take_idle()) co_return connection;
  }
  ++open_;
  Result<std::unique_ptr<ClientConnection>> connection = co_await open_connection(deadline, client);
  if (!connection) closed_one();
  co_return connection;
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientPool::open_connection(TimePoint deadline,
                                                                            Socket& client) {
  Result<std::vector<Address>> addresses =
      co_await resolver_.resolve(loop_, endpoint_.host, endpoint_.port);
  if (!addresses) co_return std::unexpected(addresses.error());
  Result<std::unique_ptr<ClientConnection>> connection = fail(ErrorCode::unavailable, "no address");
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const TimePoint until = share_of(deadline, loop_.now(), addresses->size() - i);
    connection = co_await connect_to((*addresses)[i], until, client);
    if (connection || connection.error().code == ErrorCode::canceled) break;
  }
  if (!connection || !endpoint_.secure) co_return connection;
  tls::Stream& stream = (*connection)->stream;
  stream.secure(context_->connect(endpoint_.host, session_.get()));
  const Result<void> secured = co_await stream.handshake(deadline, &client);
  if (!secured) {
    Error error = secured.error();
    error.message = fmt::format("{}: {}", endpoint_.authority, error.message);
    co_return std::unexpected(std::move(error));
  }
  co_return connection;
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientPool::connect_to(Address address,
                                                                       TimePoint deadline,
                                                                       Socket& client) {
  const auto problem = [&](Error error) {
    if (error.code == ErrorCode::canceled) return std::unexpected(std::move(error));
    const std::string where = endpoint_.authority == address.text()
                                  ? endpoint_.authority
                                  : fmt::format("{} ({})", endpoint_.authority, address.text());
    error.message = fmt::format("cannot connect to {}: {}", where, error.message);
    error.field = "base_url";
    return std::unexpected(std::move(error));
  };
  const Result<BegunConnection> begun = begin_connecting(address);
  if (!begun) co_return problem(begun.error());
  auto connection = std::make_unique<ClientConnection>(loop_, begun->fd);
  const Result<void> connected =
      co_await until_connected(connection->stream.socket(), *begun, deadline, &client);
  if (!connected) co_return problem(connected.error());
  co_return connection;
}

}  // namespace tidegate::http
