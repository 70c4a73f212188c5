#include "gateway/admin_guard.h"

#include <string_view>

#include "base/random.h"
#include "base/text.h"
#include "loop/address.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kBearer = "bearer ";

std::string process_secret() {
  std::string secret;
  for (int i = 0; i < 4; ++i) secret += std::to_string(random_u64());
  return secret;
}

// A page that made its own name mean this machine is shown by the Host that it asks for.
bool names_loopback(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && !host.ends_with(']');
  const std::string_view name = has_port ? host.substr(0, colon) : host;
  if (equals_ignoring_case(name, "localhost")) return true;
  const Result<Address> address = Address::parse_ip(name, 0);
  return address && address->is_loopback();
}

}  // namespace

AdminGuard::AdminGuard(const config::Secret& token) : hash_(process_secret()) {
  if (!token.empty()) token_ = hash_(token.reveal());
}

Result<void> AdminGuard::check(const http::RequestHead& head) const {
  if (token_) {
    const std::string_view value = head.headers.find("authorization");
    const bool bearer = equals_ignoring_case(value.substr(0, kBearer.size()), kBearer);
    const std::string_view sent = bearer ? trim(value.substr(kBearer.size())) : std::string_view();
    if (tls::equal_in_constant_time(hash_(sent), *token_)) return {};
    return fail(
        ErrorCode::unauthorized,
        "this needs the admin token (option admin_token): send it as \"Authorization: Bearer "
        "TOKEN\"");
  }
  if (!names_loopback(head.host) || !head.headers.find("origin").empty()) {
    return fail(ErrorCode::forbidden,
                "without admin_token this is for programs of this machine, not for web pages");
  }
  return {};
}

}  // namespace tidegate::gateway
