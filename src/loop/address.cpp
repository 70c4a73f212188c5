#include "loop/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace tidegate {

Address::Address(const sockaddr* address, socklen_t size) {
  std::memcpy(&storage_, address, std::min<std::size_t>(size, sizeof storage_));
}

Result<Address> Address::parse_ip(std::string_view ip, std::uint16_t port) {
  std::string text(ip);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), &address.storage_.v4.sin_addr) == 1) {
    address.storage_.v4.sin_family = AF_INET;
  } else if (::inet_pton(AF_INET6, text.c_str(), &address.storage_.v6.sin6_addr) == 1) {
    address.storage_.v6.sin6_family = AF_INET6;
  } else {
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is not an IP address", ip));
  }
  address.set_port(port);
  return address;
}

Result<Address> Address::parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_u64(text.substr(colon + 1));
  if (!port || *port > 65535) {
    return fail(
        ErrorCode::invalid,
        fmt::format("\"{}\" is not an address to listen on; expected HOST:PORT, for example "
                    "127.0.0.1:8080 or [::1]:8080",
                    text));
  }
  const std::string_view host = text.substr(0, colon);
  auto address =
      parse_ip(host == "localhost" ? "127.0.0.1" : host, static_cast<std::uint16_t>(*port));
  if (!address) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" does not name an IP address to listen on; expected for example "
                            "127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
                            text));
  }
  return address;
}

socklen_t Address::raw_size() const {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::uint16_t Address::port() const {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void Address::set_port(std::uint16_t port) {
  (family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port) = htons(port);
}

bool Address::is_loopback() const {
  if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
  return (ntohl(storage_.v4.sin_addr.s_addr) >> 24) == 127;
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET6) {
    ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, buffer, sizeof buffer);
    return fmt::format("[{}]:{}", buffer, port());
  }
  ::inet_ntop(AF_INET, &storage_.v4.sin_addr, buffer, sizeof buffer);
  return fmt::format("{}:{}", buffer, port());
}

Result<int> listen_on(const Address& address, bool reuse_port) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd, address.raw(), address.raw_size()) == 0 && ::listen(fd, 4096) == 0) return fd;
  }
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  return fail(
      ErrorCode::io,
      fmt::format("cannot listen on {}: {}{}", address.text(), std::strerror(reason),
                  reason == EADDRINUSE ? "; is another program (or Tidegate) running there?" : ""));
}

Address local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return {reinterpret_cast<const sockaddr*>(&storage), size};
}

}  // namespace tidegate
