#include "redis/connection.h"

#include <fmt/format.h>

#include <charconv>

#include "loop/connecting.h"

namespace tidegate::redis {
namespace {

// The first word of an error, and no more where the rest may repeat what was sent.
Error refused(const Reply& reply, std::string_view what) {
  const bool password = reply.is_error("WRONGPASS") || reply.is_error("NOAUTH") ||
                        reply.is_error("ERR AUTH") || reply.is_error("ERR invalid password");
  if (password) {
    return {ErrorCode::unauthorized,
            "the server refuses the user or password; check those of the address",
            {}};
  }
  if (reply.is_error("NOPERM")) {
    return {ErrorCode::unauthorized, fmt::format("the user may not use {}", what), {}};
  }
  return {ErrorCode::unavailable, fmt::format("{}: {}", what, reply.text), {}};
}

int major_version(std::string_view version) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

Result<void> check_version(const Reply& hello) {
  const Reply* version = hello.find("version");
  const std::string text = version == nullptr ? "unknown" : version->text;
  if (major_version(text) >= Connection::kOldestMajor) return {};
  return fail(ErrorCode::invalid, fmt::format("the server's version is {}; at least {} is needed",
                                              text, Connection::kOldestMajor));
}

}  // namespace

std::string Server::where() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Task<Result<std::unique_ptr<Connection>>> Connection::connect(Loop& loop, Address address,
                                                              TimePoint deadline) {
  const auto problem = [](Error error) {
    error.message = fmt::format("cannot connect: {}", error.message);
    return std::unexpected(std::move(error));
  };
  const Result<BegunConnection> begun = begin_connecting(address);
  if (!begun) co_return problem(begun.error());
  auto connection = std::make_unique<Connection>(loop, begun->fd);
  const Result<void> connected =
      co_await until_connected(connection->stream_.socket(), *begun, deadline);
  if (!connected) co_return problem(connected.error());
  co_return connection;
}

Task<Result<std::unique_ptr<Connection>>> Connection::open(Loop& loop, Resolver& resolver,
                                                           Server server, TimePoint deadline) {
  const auto named = [&](Error error) {
    error.message = fmt::format("{}: {}", server.where(), error.message);
    return std::unexpected(std::move(error));
  };
  Result<std::vector<Address>> addresses =
      co_await resolver.resolve(loop, server.host, server.port);
  if (!addresses) co_return named(addresses.error());
  Result<std::unique_ptr<Connection>> connection = fail(ErrorCode::unavailable, "no address");
  for (std::size_t i = 0; i < addresses->size() && !connection; ++i) {
    const TimePoint until = share_of(deadline, loop.now(), addresses->size() - i);
    connection = co_await connect(loop, (*addresses)[i], until);
  }
  if (!connection) co_return named(connection.error());
  if (server.tls != nullptr) {
    tls::Stream& stream = (*connection)->stream_;
    stream.secure(server.tls->connect(server.host, nullptr));
    const Result<void> secured = co_await stream.handshake(deadline);
    if (!secured) co_return named(secured.error());
  }
  const Result<void> greeted = co_await (*connection)->greet(server, deadline);
  if (!greeted) co_return named(greeted.error());
  co_return connection;
}

Task<Result<void>> Connection::greet(const Server& server, TimePoint deadline) {
  Commands commands;
  if (server.password.empty()) {
    commands.add({"HELLO", "3"});
  } else {
    commands.add(
        {"HELLO", "3", "AUTH", server.user.empty() ? "default" : server.user, server.password});
  }
  const std::string database = std::to_string(server.database);
  commands.add({"SELECT", database});
  Result<std::vector<Reply>> replies = co_await send(commands, deadline);
  if (!replies) co_return std::unexpected(replies.error());
  const Reply& hello = (*replies)[0];
  // A server before 6.0 knows no HELLO, and is too old anyway.
  if (hello.is_error("ERR unknown command")) {
    co_return fail(ErrorCode::invalid, fmt::format("the server is older than 6.0; at least {} is "
                                                   "needed",
                                                   kOldestMajor));
  }
  if (hello.kind == Reply::Kind::error) co_return std::unexpected(refused(hello, "HELLO"));
  Result<void> good = check_version(hello);
  if (!good) co_return good;
  if ((*replies)[1].kind == Reply::Kind::error) {
    co_return fail(ErrorCode::invalid,
                   fmt::format("there is no database {}: {}", server.database, (*replies)[1].text));
  }
  co_return Result<void>{};
}

Task<Result<std::vector<Reply>>> Connection::exchange(const Commands& commands,
                                                      TimePoint deadline) {
  Result<std::vector<Reply>> replies = co_await send(commands, deadline);
  if (!replies) co_return replies;
  Commands again;
  std::vector<std::size_t> unknown;
  for (std::size_t i = 0; i < replies->size(); ++i) {
    if (!(*replies)[i].is_error("NOSCRIPT")) continue;
    again.add_whole(commands, i);
    unknown.push_back(i);
  }
  if (unknown.empty() || again.count() != unknown.size()) co_return replies;
  Result<std::vector<Reply>> second = co_await send(again, deadline);
  if (!second) co_return second;
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    (*replies)[unknown[i]] = std::move((*second)[i]);
  }
  co_return replies;
}

Task<Result<std::vector<Reply>>> Connection::send(const Commands& commands, TimePoint deadline) {
  ++round_trips_;
  const Result<void> written = co_await write(commands.bytes(), deadline);
  if (!written) co_return std::unexpected(written.error());
  std::vector<Reply> replies;
  replies.reserve(commands.count());
  while (replies.size() < commands.count()) {
    Result<Reply> reply = co_await read(deadline);
    if (!reply) co_return std::unexpected(reply.error());
    replies.push_back(std::move(*reply));
  }
  co_return replies;
}

Task<Result<void>> Connection::write(std::string_view bytes, TimePoint deadline) {
  while (!bytes.empty()) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const Io io = stream_.write({&piece, 1});
    if (io.failed()) co_return fail(ErrorCode::unavailable, "the connection broke");
    bytes.remove_prefix(io.bytes);
    if (!io.again) continue;
    const Wake wake = co_await stream_.socket().until_writable(deadline);
    if (wake != Wake::ready) co_return fail(ErrorCode::timeout, "the server takes no commands");
  }
  co_return Result<void>{};
}

Task<Result<Reply>> Connection::read(TimePoint deadline) {
  for (;;) {
    Result<std::optional<Reply>> reply = reader_.next();
    if (!reply) co_return std::unexpected(reply.error());
    if (*reply) co_return std::move(**reply);
    char* const scratch = stream_.socket().loop().scratch();
    const Io io = stream_.read(scratch, Loop::kScratchSize);
    if (io.failed()) co_return fail(ErrorCode::unavailable, "the server closed the connection");
    reader_.feed({scratch, io.bytes});
    if (!io.again) continue;
    const Wake wake = co_await stream_.socket().until_readable(deadline);
    if (wake != Wake::ready)
      co_return fail(ErrorCode::timeout, "the server did not answer in time");
  }
}

}  // namespace tidegate::redis
