#include "store/postgres_address.h"

#include <algorithm>

namespace tidegate::store {

std::string without_password(std::string_view url) {
  std::string out(url);
  const std::size_t scheme = out.find("://");
  if (scheme == std::string::npos) return "postgresql";
  const std::size_t begin = scheme + 3;
  const std::size_t colon = out.find(':', begin);
  // A password may have a '?' in it. One with a '/' is a mistake, but a secret all the same.
  std::size_t at = out.find('@', begin);
  const std::size_t slash = std::min(out.find('/', begin), out.size());
  if (at == std::string::npos || at > slash) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::size_t port_end = std::min(out.find_first_of("/?", begin), out.size());
    const bool has_port =
        colon < port_end &&
        std::all_of(out.begin() + static_cast<std::ptrdiff_t>(colon) + 1,
                    out.begin() + static_cast<std::ptrdiff_t>(port_end), is_digit);
    at = has_port || colon > slash ? std::string::npos : out.rfind('@');
  }
  if (at != std::string::npos && colon < at) out.replace(colon + 1, at - colon - 1, "***");
  // password=... and sslpassword=... may stand among the parameters, too.
  if (const std::size_t query = out.find('?'); query != std::string::npos) {
    std::string kept;
    std::string_view rest = std::string_view(out).substr(query + 1);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('&'), rest.size());
      const std::string_view one = rest.substr(0, end);
      const std::string_view key = one.substr(0, one.find('='));
      kept += kept.empty() ? '?' : '&';
      kept.append(key.ends_with("password") ? std::string(key) + "=***" : std::string(one));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out.replace(query, std::string::npos, kept);
  }
  return out;
}

}  // namespace tidegate::store
