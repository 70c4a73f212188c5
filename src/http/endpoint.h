// Where an HTTP service is, as a base URL says it. Immutable value, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace tidegate::tls {
class ClientContext;
}

namespace tidegate::http {

struct Endpoint {
  std::string host;  // name or IP literal, IPv6 without brackets
  std::uint16_t port = 0;
  std::string authority;  // for the Host header: port only where it is not the scheme's
  std::string path;       // prefix, no trailing slash: "/v1"
  bool secure = false;
  std::string ca_file;         // extra CAs, may be empty
  int max_connections = 4096;  // per worker
  Duration idle = 50s;         // how long an unused connection is kept

  // "https://api.openai.com/v1". Error::invalid says what is wrong.
  static Result<Endpoint> parse(std::string_view base_url);

  // Connections may be shared by endpoints that agree in this.
  [[nodiscard]] std::string pool_key() const;
};

}  // namespace tidegate::http
