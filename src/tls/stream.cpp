#include "tls/stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "loop/loop.h"

namespace tidegate::tls {
namespace {

// The payload of one TLS record.
constexpr std::size_t kRecord = 16 * 1024;

std::string handshake_problem(SSL* ssl, int system_error) {
  const long verified = SSL_get_verify_result(ssl);
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (verified != X509_V_OK) {
    return fmt::format("the certificate was refused: {}", X509_verify_cert_error_string(verified));
  }
  if (code != 0) {
    const char* const reason = ERR_reason_error_string(code);
    return reason == nullptr ? "unknown reason" : reason;
  }
  return system_error == 0 ? "the connection was closed" : std::strerror(system_error);
}

// OpenSSL's transport is our socket, whose memory of readiness saves the reads that would find
// nothing.
int finish_io(BIO* bio, const Io& io) {
  BIO_clear_retry_flags(bio);
  if (io.bytes != 0) return static_cast<int>(io.bytes);
  if (io.eof) return 0;
  errno = io.error;
  return -1;
}

int bio_read(BIO* bio, char* to, int size) {
  const Io io = static_cast<Socket*>(BIO_get_data(bio))->read(to, static_cast<std::size_t>(size));
  const int result = finish_io(bio, io);
  if (io.again) BIO_set_retry_read(bio);
  if (io.eof) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return result;
}

int bio_write(BIO* bio, const char* from, int size) {
  const iovec piece{const_cast<char*>(from), static_cast<std::size_t>(size)};
  const Io io = static_cast<Socket*>(BIO_get_data(bio))->write({&piece, 1});
  const int result = finish_io(bio, io);
  if (io.again) BIO_set_retry_write(bio);
  return result;
}

long bio_control(BIO* bio, int command, long, void*) {
  // OpenSSL asks for the end, to tell it from an error.
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tidegate socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

}  // namespace

void Stream::secure(SslPtr ssl) {
  BIO* const bio = BIO_new(socket_method());
  BIO_set_data(bio, &socket_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  ssl_ = std::move(ssl);
}

Stream::~Stream() {
  // Says goodbye without waiting for the answer, so that the session stays resumable.
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Stream::end_writing() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  socket_.end_writing();
}

Io Stream::tls_result(int result) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {.again = true};
    case SSL_ERROR_ZERO_RETURN:
      return {.eof = true};
    default:
      ERR_clear_error();
      return {.error = system_error != 0 ? system_error : EPROTO};
  }
}

Io Stream::read_tls(void* buffer, std::size_t size) {
  errno = 0;
  const int n =
      SSL_read(ssl_.get(), buffer, static_cast<int>(std::min<std::size_t>(size, 1u << 30)));
  if (n > 0) return {.bytes = static_cast<std::size_t>(n)};
  return tls_result(n);
}

Io Stream::write_tls(std::span<const iovec> pieces) {
  // Small pieces go out together in one record; a large one is encrypted where it lies.
  const iovec* first = pieces.data();
  const iovec* const end = first + pieces.size();
  while (first != end && first->iov_len == 0) ++first;
  if (first == end) return {};
  const void* data = first->iov_base;
  std::size_t size = std::min(first->iov_len, kRecord);
  if (size < kRecord && first + 1 != end) {
    char* const record = socket_.loop().tls_record();
    size = 0;
    for (const iovec* piece = first; piece != end && size < kRecord; ++piece) {
      const std::size_t n = std::min(piece->iov_len, kRecord - size);
      if (n != 0) std::memcpy(record + size, piece->iov_base, n);
      size += n;
    }
    data = record;
  }
  errno = 0;
  const int n = SSL_write(ssl_.get(), data, static_cast<int>(size));
  if (n > 0) return {.bytes = static_cast<std::size_t>(n)};
  return tls_result(n);
}

Task<Result<void>> Stream::handshake(TimePoint deadline, Socket* watch) {
  for (;;) {
    errno = 0;
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) co_return Result<void>{};
    const int system_error = errno;
    const int reason = SSL_get_error(ssl_.get(), done);
    Wake wake;
    if (reason == SSL_ERROR_WANT_READ) {
      wake = co_await socket_.until_readable(deadline, watch);
    } else if (reason == SSL_ERROR_WANT_WRITE) {
      wake = co_await socket_.until_writable(deadline, watch);
    } else {
      co_return fail(ErrorCode::unavailable,
                     "TLS handshake failed: " + handshake_problem(ssl_.get(), system_error));
    }
    if (wake == Wake::timed_out) co_return fail(ErrorCode::timeout, "TLS handshake timed out");
    if (wake != Wake::ready) co_return fail(ErrorCode::canceled, "TLS handshake canceled");
  }
}

SessionPtr Stream::session() const {
  if (ssl_ == nullptr) return nullptr;
  SessionPtr session(SSL_get1_session(ssl_.get()));
  if (session != nullptr && SSL_SESSION_is_resumable(session.get()) == 0) return nullptr;
  return session;
}

}  // namespace tidegate::tls
