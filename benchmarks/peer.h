// One connection of the mock provider, plain or TLS, and the TLS context that opens it.
// Used by upstream.cpp on its one thread; not shared.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace tidegate::bench {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* stream) const;
};

// Certificate and key for the server side; without a certificate every connection is plain.
class TlsServer {
 public:
  TlsServer(const std::string& certificate_file, const std::string& key_file);
  [[nodiscard]] ssl_st* open(int fd) const;  // null when plain; the peer frees it

 private:
  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
};

struct Peer {
  Peer(int descriptor, std::uint64_t number, ssl_st* stream);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Bytes read, 0 at the end of the connection (or a fault), -1 when there is nothing yet.
  ssize_t read(char* into, std::size_t room);
  // Writes what it can of `unsent`; sets wait_writable, or clears open on a fault.
  void flush();

  const int fd;
  const std::uint64_t serial;
  const std::unique_ptr<ssl_st, FreeTls> tls;
  bool open = true;
  bool wait_writable = false;
  bool wants_stream = false;
  int chunks_left = 0;
  std::size_t body_left = 0;
  std::string request;  // head and start of the body, until the request is understood
  std::string unsent;
};

}  // namespace tidegate::bench
