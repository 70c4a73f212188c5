// BlockingClient: the plainest HTTP client, for the simulator's tests only: one request per
// connection, everything read until the server closes, seen as bytes. For the test's thread.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "loop/address.h"

namespace tidegate::simulator {

struct RawAnswer {
  std::string bytes;     // as received, chunk sizes included
  bool reset = false;    // ended by RST
  bool stalled = false;  // nothing came for a while and the connection is still open

  [[nodiscard]] int status() const {
    return bytes.starts_with("HTTP/1.1 ") ? std::stoi(bytes.substr(9, 3)) : 0;
  }
  [[nodiscard]] bool has(std::string_view text) const { return bytes.contains(text); }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (std::size_t at = bytes.find(text); at != bytes.npos; at = bytes.find(text, at + 1))
      ++found;
    return found;
  }
  // The body of a chunked answer.
  [[nodiscard]] std::string unchunked() const {
    std::string body;
    std::size_t at = bytes.find("\r\n\r\n");
    if (at == bytes.npos) return body;
    at += 4;
    while (at < bytes.size()) {
      const std::size_t line_end = bytes.find("\r\n", at);
      if (line_end == bytes.npos) break;
      const std::size_t size = std::stoul(bytes.substr(at, line_end - at), nullptr, 16);
      if (size == 0) break;
      body += bytes.substr(line_end + 2, size);
      at = line_end + 2 + size + 2;
    }
    return body;
  }
};

class BlockingClient {
 public:
  explicit BlockingClient(const Address& server)
      : fd_(::socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    connected_ = ::connect(fd_, server.raw(), server.raw_size()) == 0;
  }
  ~BlockingClient() { ::close(fd_); }
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  // `headers`: lines "Name: value\r\n".
  bool send(std::string_view method, std::string_view path, std::string_view headers,
            std::string_view body) {
    std::string request;
    request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: sim\r\n");
    request.append("Connection: close\r\nContent-Length: ").append(std::to_string(body.size()));
    request.append("\r\n").append(headers).append("\r\n").append(body);
    return connected_ && ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
                             static_cast<ssize_t>(request.size());
  }

  // Reads until the end; stalled, when nothing came for `silence_ms`.
  RawAnswer read(int silence_ms = 10'000) {
    const timeval timeout{silence_ms / 1000, silence_ms % 1000 * 1000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    RawAnswer answer;
    char buffer[16 * 1024];
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0) {
        answer.bytes.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      answer.reset = n < 0 && errno == ECONNRESET;
      answer.stalled = n < 0 && errno == EAGAIN;
      return answer;
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace tidegate::simulator
