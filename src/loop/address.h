// A network address, IPv4 or IPv6, and the texts it is written as. Plain value, any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tidegate {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t size);

  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (loopback only, no look-up), port 0 allowed.
  static Result<Address> parse_listen(std::string_view text);
  // An IP literal, IPv6 with or without brackets; an error for anything else.
  static Result<Address> parse_ip(std::string_view ip, std::uint16_t port);

  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t raw_size() const;
  [[nodiscard]] int family() const { return storage_.any.sa_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{};
};

// A listening descriptor, non-blocking; Error::io names the address and the reason.
Result<int> listen_on(const Address& address, bool reuse_port = false);
// The address that a descriptor is bound to (port 0 resolved).
Address local_address(int fd);

}  // namespace tidegate
