#include "http/endpoint.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tidegate::http {

Result<Endpoint> Endpoint::parse(std::string_view base_url) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is not a base URL: {}; expected for example "
                            "https://api.openai.com/v1 or http://127.0.0.1:8000/v1",
                            base_url, what),
                "base_url");
  };
  Endpoint endpoint;
  std::string_view rest = base_url;
  if (rest.starts_with("https://")) {
    endpoint.secure = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return wrong("it does not begin with https:// or http://");
  }
  for (const char c : rest) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '?' || c == '#' || c == '@' || c == '\\') {
      return wrong("it contains a character that is not allowed");
    }
  }
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) endpoint.path = rest.substr(slash);
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  endpoint.authority = authority;

  endpoint.port = endpoint.secure ? 443 : 80;
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = parse_u64(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535)
      return wrong("the port is not a number from 1 to 65535");
    endpoint.port = static_cast<std::uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (authority.empty()) return wrong("the host is missing");
  endpoint.host = authority;
  return endpoint;
}

std::string Endpoint::pool_key() const {
  return fmt::format("{}|{}|{}|{}|{}|{}", host, port, secure, ca_file, max_connections,
                     idle.count());
}

}  // namespace tidegate::http
