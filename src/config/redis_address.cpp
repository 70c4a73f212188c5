#include "config/redis_address.h"

#include <algorithm>

#include "base/text.h"

namespace tidegate::config {
namespace {

constexpr std::uint16_t kPort = 6379;
constexpr std::uint64_t kDatabases = 16'384;

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<std::string> unescape(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

bool read_credentials(std::string_view text, RedisAddress& out) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto user = unescape(text.substr(0, colon));
  auto password = unescape(text.substr(colon + 1));
  if (!user || !password || password->empty()) return false;
  out.user = Secret(*user);
  out.password = Secret(std::move(*password));
  return true;
}

bool read_host(std::string_view text, RedisAddress& out) {
  out.port = kPort;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = parse_u64(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return false;
    out.port = static_cast<std::uint16_t>(*port);
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  } else if (text.contains(':')) {
    return false;
  }
  out.host = text;
  return !text.empty();
}

}  // namespace

std::optional<RedisAddress> parse_redis_address(std::string_view text) {
  RedisAddress out;
  constexpr std::string_view kPlain = "redis://";
  constexpr std::string_view kSecure = "rediss://";
  out.secure = text.starts_with(kSecure);
  if (!out.secure && !text.starts_with(kPlain)) return std::nullopt;
  text.remove_prefix(out.secure ? kSecure.size() : kPlain.size());
  if (!is_visible(text)) return std::nullopt;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(text.substr(0, at), out)) return std::nullopt;
    text.remove_prefix(at + 1);
  }
  if (text.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto database = number.empty() ? std::optional<std::uint64_t>(0) : parse_u64(number);
    if (!database || *database >= kDatabases) return std::nullopt;
    out.database = static_cast<int>(*database);
    text = text.substr(0, slash);
  }
  if (!read_host(text, out)) return std::nullopt;
  return out;
}

std::optional<std::optional<RedisAddress>> RedisAddressKind::parse(std::string_view text) {
  auto address = parse_redis_address(text);
  if (!address) return std::nullopt;
  return address;
}

}  // namespace tidegate::config
