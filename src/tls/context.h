// TLS set-ups, shared by all connections that use them. Created at start-up or reload; afterwards
// immutable, any thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace tidegate::tls {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
struct FreeSession {
  void operator()(ssl_session_st* session) const;
};
using SslPtr = std::unique_ptr<ssl_st, FreeSsl>;
using SessionPtr = std::unique_ptr<ssl_session_st, FreeSession>;

// For connections to providers: TLS 1.2 and 1.3, the chain and the host name are verified.
class ClientContext {
 public:
  // Trusts the system's CAs and, if given, those in `ca_file` (PEM). Error names the file.
  static Result<std::shared_ptr<ClientContext>> create(const std::string& ca_file);
  ~ClientContext();

  // A client session that will accept only `host`; `resume` may be null.
  [[nodiscard]] SslPtr connect(const std::string& host, ssl_session_st* resume) const;

 private:
  explicit ClientContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

// For the listener.
class ServerContext {
 public:
  static Result<std::shared_ptr<ServerContext>> create(const std::string& certificate_file,
                                                       const std::string& key_file);
  ~ServerContext();
  [[nodiscard]] SslPtr accept() const;

 private:
  explicit ServerContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace tidegate::tls
