#include "tls/context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>

namespace tidegate::tls {
namespace {

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

ssl_ctx_st* make_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // An idle connection keeps no record buffers: 18.8 instead of 39.8 KB.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read takes a record's header and body together.
  SSL_CTX_set_read_ahead(context, 1);
  // A peer that closes without close_notify is an end of stream; HTTP's own framing tells whether
  // the message was whole.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  return context;
}

// Debian's CA folder is indexed by subject, so that nothing is read before a chain needs it.
void trust_system(SSL_CTX* context) {
  const char* const folder = X509_get_default_cert_dir();
  std::error_code ignored;
  const bool indexed =
      std::filesystem::exists(folder, ignored) && !std::filesystem::is_empty(folder, ignored);
  if (std::getenv(X509_get_default_cert_file_env()) != nullptr || !indexed) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    SSL_CTX_set_default_verify_dir(context);
  }
}

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void FreeSession::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

Result<std::shared_ptr<ClientContext>> ClientContext::create(const std::string& ca_file) {
  SSL_CTX* raw = make_context(TLS_client_method());
  std::shared_ptr<ClientContext> context(new ClientContext(raw));
  trust_system(raw);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(raw, ca_file.c_str()) != 1) {
    return fail(ErrorCode::invalid,
                fmt::format("cannot read CA certificates from \"{}\": {}; expected a PEM file",
                            ca_file, last_openssl_error()),
                "ca_file");
  }
  return context;
}

ClientContext::~ClientContext() { SSL_CTX_free(context_); }

SslPtr ClientContext::connect(const std::string& host, ssl_session_st* resume) const {
  SslPtr ssl(SSL_new(context_));
  SSL_set_connect_state(ssl.get());
  in6_addr ignored;
  const bool literal = ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
                       ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
  if (literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl.get(), host.c_str());
  }
  if (resume != nullptr) SSL_set_session(ssl.get(), resume);
  return ssl;
}

Result<std::shared_ptr<ServerContext>> ServerContext::create(const std::string& certificate_file,
                                                             const std::string& key_file) {
  SSL_CTX* raw = make_context(TLS_server_method());
  std::shared_ptr<ServerContext> context(new ServerContext(raw));
  if (SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return fail(ErrorCode::invalid,
                fmt::format("cannot read a certificate chain from \"{}\": {}; expected a PEM file",
                            certificate_file, last_openssl_error()),
                "tls.certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return fail(
        ErrorCode::invalid,
        fmt::format("cannot use the private key in \"{}\": {}; expected the PEM key of \"{}\"",
                    key_file, last_openssl_error(), certificate_file),
        "tls.key");
  }
  return context;
}

ServerContext::~ServerContext() { SSL_CTX_free(context_); }

SslPtr ServerContext::accept() const {
  SslPtr ssl(SSL_new(context_));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace tidegate::tls
