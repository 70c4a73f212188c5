// AdminGuard: who may use what of the admin listener is not open to all: with a token, those who
// send it; without one, which is for loopback alone, programs of this machine, but no page in a
// browser. Immutable, any thread.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "config/config.h"
#include "http/head.h"
#include "tls/keyed_hash.h"

namespace tidegate::gateway {

class AdminGuard {
 public:
  explicit AdminGuard(const config::Secret& token);
  // Errors: unauthorized (no token, or a wrong one), forbidden (from a browser's page).
  [[nodiscard]] Result<void> check(const http::RequestHead& head) const;

 private:
  // Tokens are compared as digests under a secret of the process, so that not even their sizes
  // show.
  tls::KeyedHash hash_;
  std::optional<tls::Digest> token_;
};

}  // namespace tidegate::gateway
