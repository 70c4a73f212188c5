// Outbox: what the sockets of a loop write in one turn, sent at its end. Where the kernel lets us
// (io_uring), many sends are one system call: a peer on the same processor then finds all of them
// when it wakes up, and does not take the processor from us after each.
// Belongs to one loop.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "loop/send_ring.h"

namespace tidegate {

class Outbox {
 public:
  // `together`: by one system call where that is allowed.
  explicit Outbox(bool together);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // More is not worth a copy.
  static constexpr std::size_t kMostBytes = 16 * 1024;

  // Takes a copy of `pieces`, `size` bytes in all and at most kMostBytes, to follow what it has of
  // this socket already. False: the socket turned out to be full.
  bool add(Socket& socket, std::span<const iovec> pieces, std::size_t size);
  // Sends what it has of one socket, at once.
  void send(Socket& socket);
  [[nodiscard]] bool empty() const { return count_ == 0 && failed_.empty(); }
  // Sends everything, and wakes those whose connection turned out to be broken.
  void flush();
  void forget(Socket& socket);  // it ends

 private:
  void send_all();
  void settle_rest(const SendRing::Send& sent);

  std::unique_ptr<char[]> bytes_;
  std::size_t used_ = 0;
  std::array<SendRing::Send, SendRing::kMost> entries_;  // without a sender: sent already
  std::size_t count_ = 0;
  std::vector<Socket*> failed_;
  std::unique_ptr<SendRing> ring_;  // made by the thread that runs the loop, see send_ring.h
  bool wants_ring_;
};

}  // namespace tidegate
