// Whose things are remembered between requests: a name made of the client's credential, which
// itself must not be written down. Pure function, any thread.
#pragma once

#include <string>

#include "http/head.h"
#include "tls/digest.h"

namespace tidegate::gateway {

[[nodiscard]] inline std::string owner_of(const http::Headers& headers) {
  std::string_view credential = headers.find("authorization");
  if (credential.empty()) credential = headers.find("x-api-key");
  return tls::sha256_hex(credential).substr(0, 32);
}

}  // namespace tidegate::gateway
