// SendRing: many sends in one system call, by io_uring. Nothing waits in it: a socket that is full
// says so at once, as with send(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct io_uring;

namespace tidegate {

class Socket;

// Bytes sent, or -errno (-EAGAIN: the socket is full). One system call for one socket.
std::int64_t send_now(int fd, const char* bytes, std::size_t size);

class SendRing {
 public:
  static constexpr std::size_t kMost = 64;  // sends in one call

  struct Send {
    int fd;
    std::uint32_t size;
    const char* bytes;
    std::int64_t result;  // as of send_now()
    Socket* sender;       // for who sends
  };

  // Null where the system does not allow io_uring: many containers forbid it. To be called by the
  // thread that sends: when a ring is gone, Linux interrupts those that made or used it, and a
  // system call of theirs may then give EINTR.
  static std::unique_ptr<SendRing> create();
  ~SendRing();
  SendRing(const SendRing&) = delete;
  SendRing& operator=(const SendRing&) = delete;

  // Fills in the results. The sockets must not block, and each may come once only.
  void send(std::span<Send> sends);

 private:
  explicit SendRing(std::unique_ptr<io_uring> ring);
  std::unique_ptr<io_uring> ring_;
};

}  // namespace tidegate
