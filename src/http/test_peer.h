// For tests: the other end of a connection, as plain blocking reads and writes of bytes. Gives up
// after 10 seconds, so that a test fails instead of hanging. Belongs to one thread.
#pragma once

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "loop/address.h"

namespace tidegate::http {

class RawPeer {
 public:
  explicit RawPeer(int fd) : fd_(fd) { bound_waits(); }
  explicit RawPeer(const Address& server, int receive_buffer = 0)
      : fd_(::socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    bound_waits();
    if (receive_buffer != 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    EXPECT_EQ(::connect(fd_, server.raw(), server.raw_size()), 0);
  }
  RawPeer(RawPeer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawPeer& operator=(RawPeer&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RawPeer() { close(); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // what the other side thinks of it is seen in its answer
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Everything up to and with `marker`, or up to the end if it does not come.
  std::string read_until(std::string_view marker) {
    std::string got;
    while (!got.ends_with(marker)) {
      char byte;
      if (receive(&byte, 1) != 1) break;
      got += byte;
    }
    return got;
  }
  std::string read(std::size_t size) {
    std::string got(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n = receive(got.data() + have, size - have);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    got.resize(have);
    return got;
  }
  // Up to the end of the connection; "(no end)" is added when it does not come.
  std::string read_to_end() {
    std::string got;
    char buffer[4096];
    for (;;) {
      const ssize_t n = receive(buffer, sizeof buffer);
      if (n == 0) return got;
      if (n < 0) return got + "(no end)";
      got.append(buffer, static_cast<std::size_t>(n));
    }
  }
  // An answer with a Content-Length, or only its head for status 1xx: "STATUS body".
  std::string read_answer() {
    const std::string head = read_until("\r\n\r\n");
    if (head.size() < 12) return "(nothing)";
    const auto at = head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    return head.substr(9, 3) + " " + read(size);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  // A loop that this thread ran before may have left an interruption (loop/send_ring.h).
  ssize_t receive(char* to, std::size_t size) const {
    for (;;) {
      const ssize_t n = ::recv(fd_, to, size, 0);
      if (n >= 0 || errno != EINTR) return n;
    }
  }
  void bound_waits() const {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  int fd_;
};

}  // namespace tidegate::http
