#include "peer.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

namespace tidegate::bench {

void FreeTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void FreeTls::operator()(ssl_st* stream) const { SSL_free(stream); }

TlsServer::TlsServer(const std::string& certificate_file, const std::string& key_file) {
  if (certificate_file.empty()) return;
  context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context_.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    die("cannot use " + certificate_file + " and " + key_file);
  }
}

ssl_st* TlsServer::open(int fd) const {
  if (!context_) return nullptr;
  SSL* stream = SSL_new(context_.get());
  SSL_set_fd(stream, fd);
  SSL_set_accept_state(stream);
  return stream;
}

Peer::Peer(int descriptor, std::uint64_t number, ssl_st* stream)
    : fd(descriptor), serial(number), tls(stream) {}

Peer::~Peer() { close(fd); }

ssize_t Peer::read(char* into, std::size_t room) {
  if (tls == nullptr) {
    const ssize_t got = recv(fd, into, room, 0);
    if (got >= 0) return got;
    return errno == EAGAIN ? -1 : 0;
  }
  std::size_t got = 0;
  if (SSL_read_ex(tls.get(), into, room, &got) == 1) return static_cast<ssize_t>(got);
  const int reason = SSL_get_error(tls.get(), 0);
  return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

void Peer::flush() {
  std::size_t done = 0;
  while (done < unsent.size()) {
    if (tls == nullptr) {
      const ssize_t sent = ::send(fd, unsent.data() + done, unsent.size() - done, 0);
      if (sent < 0) {
        open = errno == EAGAIN;
        break;
      }
      done += static_cast<std::size_t>(sent);
    } else {
      std::size_t sent = 0;
      if (SSL_write_ex(tls.get(), unsent.data() + done, unsent.size() - done, &sent) != 1) {
        const int reason = SSL_get_error(tls.get(), 0);
        open = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
        break;
      }
      done += sent;
    }
  }
  unsent.erase(0, done);
  wait_writable = open && !unsent.empty();
}

}  // namespace tidegate::bench
