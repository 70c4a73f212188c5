// Where a Redis server is, as state.limits says it:
// redis[s]://[user:password@]host[:port][/database]. Used by the options and by sharing/. Plain
// values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/kinds.h"

namespace tidegate::config {

// User and password may be written with %XX. Absent: the text is no such address.
std::optional<RedisAddress> parse_redis_address(std::string_view text);

struct RedisAddressKind : AnyKind {
  [[nodiscard]] static std::optional<std::optional<RedisAddress>> parse(std::string_view text);
  [[nodiscard]] static std::string show(const std::optional<RedisAddress>&) { return {}; }
  [[nodiscard]] static std::string expected() {
    return "redis://[user:password@]host[:port][/database], or rediss:// for TLS";
  }
  // It may hold a password, wherever somebody put it.
  [[nodiscard]] static bool may_quote(std::string_view) { return false; }
};

}  // namespace tidegate::config
