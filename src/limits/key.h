// Key: what is known of one virtual key, never the key itself. A row of the store, and what
// `tidegate keys` and the admin API show. Plain values, any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "limits/key_text.h"
#include "tidegate/rate_limits.h"
#include "tls/keyed_hash.h"

namespace tidegate::limits {

// What a key may be used for: ids or aliases of models, names of routes. Empty lists: anything.
struct Allowed {
  std::vector<std::string> models, routes;
};

// What holds for the key's requests alone, beside what the configuration says.
struct OwnBounds {
  RateLimits limits;
  std::vector<config::SpendingCap> caps;  // at most one for each period

  [[nodiscard]] bool limited() const { return limits != RateLimits{}; }
  bool operator==(const OwnBounds&) const = default;
};

struct Key {
  KeyId id;
  std::string name;    // one key in use at a time has it
  std::string tenant;  // whose it is; empty: nobody's in particular
  Allowed allowed;
  OwnBounds own;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string last4;  // of the key, so that people recognise it
  WallTime created;
  std::optional<WallTime> expires;    // from then on it is refused
  std::optional<WallTime> revoked;    // since then it is refused
  std::optional<WallTime> old_until;  // so long the secret before the last rotation is good, too
  tls::Digest hash{};                 // of the key's text, under the server's secret
  tls::Digest old_hash{};             // of the one before; all zero where old_until is absent
};

// A key that was made now: the only time that its text is known.
struct NewKey {
  std::string text;
  Key key;
};

enum class KeyState { active, expired, revoked };
[[nodiscard]] KeyState state_of(const Key& key, WallTime now);
[[nodiscard]] std::string_view name(KeyState state);

}  // namespace tidegate::limits
