// Stream: a socket with or without TLS on it; reads and writes look the same.
// Belongs to one loop; at most one coroutine uses it at a time.
#pragma once

#include <span>
#include <string>

#include "loop/socket.h"
#include "loop/task.h"
#include "tls/context.h"

namespace tidegate::tls {

class Stream {
 public:
  Stream(Loop& loop, int fd) : socket_(loop, fd) {}
  ~Stream();

  // Puts TLS on the socket; handshake() must follow.
  void secure(SslPtr ssl);
  [[nodiscard]] bool secured() const { return ssl_ != nullptr; }
  // Error::timeout, canceled, or unavailable with OpenSSL's reason (for a certificate: which
  // check).
  Task<Result<void>> handshake(TimePoint deadline, Socket* watch = nullptr);

  Io read(void* buffer, std::size_t size) {
    return ssl_ == nullptr ? socket_.read(buffer, size) : read_tls(buffer, size);
  }
  // May take only part of the pieces.
  Io write(std::span<const iovec> pieces) {
    return ssl_ == nullptr ? socket_.write(pieces) : write_tls(pieces);
  }

  // Says that nothing more will be written, on TLS with close_notify; reading goes on.
  void end_writing();

  [[nodiscard]] Socket& socket() { return socket_; }
  // A session to resume later; null if the peer gave none.
  [[nodiscard]] SessionPtr session() const;

 private:
  Io read_tls(void* buffer, std::size_t size);
  Io write_tls(std::span<const iovec> pieces);
  Io tls_result(int result);

  Socket socket_;
  SslPtr ssl_;
};

}  // namespace tidegate::tls
