#include "loop/connecting.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace tidegate {
namespace {

std::unexpected<Error> problem(int reason) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}{}", std::strerror(reason),
                          reason == ECONNREFUSED ? " (is a server running there?)" : ""));
}

}  // namespace

Result<BegunConnection> begin_connecting(const Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return problem(errno);
  if (::connect(fd, address.raw(), address.raw_size()) == 0) return BegunConnection{fd, false};
  if (errno == EINPROGRESS) return BegunConnection{fd, true};
  const int reason = errno;
  ::close(fd);
  return problem(reason);
}

Task<Result<void>> until_connected(Socket& socket, BegunConnection begun, TimePoint deadline,
                                   Socket* watch) {
  if (!begun.pending) co_return Result<void>{};
  socket.not_writable();
  const Wake wake = co_await socket.until_writable(deadline, watch);
  if (wake == Wake::timed_out) co_return fail(ErrorCode::timeout, "no answer in time");
  if (wake != Wake::ready) co_return fail(ErrorCode::canceled, "the client left");
  int reason = 0;
  socklen_t size = sizeof reason;
  ::getsockopt(begun.fd, SOL_SOCKET, SO_ERROR, &reason, &size);
  if (reason != 0) co_return problem(reason);
  co_return Result<void>{};
}

TimePoint share_of(TimePoint deadline, TimePoint now, std::size_t left) {
  return now + (deadline - now) / static_cast<std::int64_t>(left);
}

}  // namespace tidegate
