#include "gateway/authenticate.h"

#include <fmt/format.h>

#include <array>

#include "base/random.h"
#include "base/text.h"
#include "tls/keyed_hash.h"

namespace tidegate::gateway {
namespace {

using limits::KeyFault;
using telemetry::KeyRefusal;

constexpr std::string_view kBearer = "bearer ";

struct Credential {
  std::string_view text;
  bool conflict = false;  // two that differ
  bool is_key = false;    // at least one looks like a key of ours

  void add(std::string_view value) {
    if (value.empty()) return;
    is_key |= value.starts_with(limits::kKeyPrefix);
    conflict |= !text.empty() && text != value;
    text = value;
  }
};

Credential read_credential(const http::Headers& headers) {
  Credential found;
  for (const http::Header& header : headers) {
    if (equals_ignoring_case(header.name, "x-api-key")) {
      found.add(header.value());
    } else if (equals_ignoring_case(header.name, "authorization")) {
      const std::string_view value = header.value();
      const bool bearer = equals_ignoring_case(value.substr(0, kBearer.size()), kBearer);
      found.add(bearer ? trim(value.substr(kBearer.size())) : value);
    }
  }
  return found;
}

std::unexpected<NotLetIn> refuse(KeyRefusal why, std::string message) {
  return std::unexpected(NotLetIn{why, {ErrorCode::unauthorized, std::move(message), {}}});
}

std::unexpected<NotLetIn> refuse(KeyFault fault) {
  if (fault == KeyFault::malformed) {
    return refuse(KeyRefusal::malformed,
                  "The key is none of this gateway's, or was mistyped: they begin with sk-tg- and "
                  "have 49 characters. Copy it again.");
  }
  return refuse(fault == KeyFault::expired   ? KeyRefusal::expired
                : fault == KeyFault::revoked ? KeyRefusal::revoked
                                             : KeyRefusal::unknown,
                "The key is not valid: it is unknown here, has expired or was revoked. Ask whoever "
                "runs this gateway for another.");
}

}  // namespace

std::expected<Caller, NotLetIn> authenticate(WorkerState& worker, const http::RequestHead& head,
                                             WallTime now) {
  if (!worker.keys) return Caller{};
  if (const limits::KeyEntry* known = worker.keys->recall(head.shape, now)) {
    return Caller{known, worker.keys->table()};
  }
  const config::Auth auth = worker.shared.auth;
  if (auth != config::Auth::keys && !worker.keys->any()) return Caller{};
  const Credential credential = read_credential(head.headers);
  if (auth == config::Auth::open && !credential.is_key) return Caller{};
  if (credential.text.empty()) {
    return refuse(
        KeyRefusal::missing,
        "This gateway asks for a key: send it as \"Authorization: Bearer sk-tg-...\" or as "
        "x-api-key.");
  }
  if (credential.conflict) {
    return refuse(KeyRefusal::conflict,
                  "Authorization and x-api-key hold different keys: send one of them.");
  }
  const std::string& internal = worker.shared.internal_credential;
  if (!internal.empty() && tls::equal_in_constant_time(credential.text, internal)) return Caller{};
  const limits::Verdict verdict = worker.keys->check(credential.text, now, head.shape);
  if (verdict.key == nullptr) return refuse(verdict.fault);
  return Caller{verdict.key, worker.keys->table()};
}

Result<std::string> make_internal_credential() {
  std::array<std::uint8_t, 32> bytes{};
  if (auto filled = fill_with_secret_bytes(bytes); !filled) {
    return std::unexpected(std::move(filled.error()));
  }
  std::string text = "internal-";
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace tidegate::gateway
