#include "config/kinds.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/time_zone.h"

namespace tidegate::config {
namespace {

bool is_visible(char c) { return c > ' ' && c < 0x7f; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A host name or an IPv4 address.
bool is_host(std::string_view host) {
  const auto good = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), good) &&
         host.front() != '.' && host.front() != '-';
}

// "[::1]"
bool is_ipv6_literal(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  host = host.substr(1, host.size() - 2);
  const auto good = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  };
  return host.contains(':') && std::all_of(host.begin(), host.end(), good);
}

// "host:port" with the port optional; false if either is wrong.
bool is_authority(std::string_view text, bool needs_port) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port && needs_port) return false;
  const std::string_view host = has_port ? text.substr(0, colon) : text;
  if (has_port) {
    const auto port = parse_u64(text.substr(colon + 1));
    if (!port || *port > 65535) return false;
  }
  return is_host(host) || is_ipv6_literal(host);
}

template <class Number>
std::optional<Number> number_between(std::string_view text, Number min, Number max) {
  const auto value = parse_u64(text);
  if (!value || *value > static_cast<std::uint64_t>(max)) return std::nullopt;
  const auto number = static_cast<Number>(*value);
  return number >= min ? std::optional(number) : std::nullopt;
}

std::string show_bytes(std::uint64_t bytes) {
  if (bytes != 0 && bytes % (1u << 20) == 0) return fmt::format("{}MiB", bytes >> 20);
  if (bytes != 0 && bytes % (1u << 10) == 0) return fmt::format("{}KiB", bytes >> 10);
  return fmt::format("{}", bytes);
}

constexpr Tokens kMaxTokens = 100'000'000;
constexpr std::int64_t kMaxUsdPerMillion = 100'000;
constexpr std::int64_t kMaxUsd = 1'000'000'000;

// "12.5" as a whole number of parts of which ten to the power of `decimals` make one.
std::optional<std::int64_t> fixed_point(std::string_view text, std::int64_t most, int decimals) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view after = dot < text.size() ? text.substr(dot + 1) : "0";
  if (after.size() > static_cast<std::size_t>(decimals)) return std::nullopt;
  const auto whole = number_between<std::int64_t>(text.substr(0, dot), 0, most);
  auto fraction = number_between<std::int64_t>(after, 0, 999'999'999);
  if (!whole || !fraction) return std::nullopt;
  std::int64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  for (std::size_t i = after.size(); i < static_cast<std::size_t>(decimals); ++i) *fraction *= 10;
  return *whole * scale + *fraction;
}

}  // namespace

std::optional<Duration> DurationBetween::parse(std::string_view text) const {
  const auto value = parse_duration(text);
  return value && *value >= min && *value <= max ? value : std::nullopt;
}
std::string DurationBetween::show(Duration value) const { return format_duration(value); }
std::string DurationBetween::expected() const {
  return fmt::format("a duration from {} to {}", format_duration(min), format_duration(max));
}
std::string DurationBetween::hint(std::string_view text) const {
  if (!parse_u64(text)) return {};
  return fmt::format(" A unit is missing: {0}ms, {0}s or {0}m?", text);
}

std::optional<int> IntegerBetween::parse(std::string_view text) const {
  return number_between<int>(text, min, max);
}
std::string IntegerBetween::show(int value) const { return std::to_string(value); }
std::string IntegerBetween::expected() const {
  return fmt::format("a number from {} to {}", min, max);
}

std::optional<std::int64_t> CountBetween::parse(std::string_view text) const {
  return number_between<std::int64_t>(text, min, max);
}
std::string CountBetween::show(std::optional<std::int64_t> value) {
  return value ? std::to_string(*value) : "";
}
std::string CountBetween::expected() const {
  return fmt::format("a number from {} to {}", min, max);
}

std::optional<Tokens> TokenCount::parse(std::string_view text) const {
  return number_between<Tokens>(text, 1, kMaxTokens);
}
std::string TokenCount::show(std::optional<Tokens> value) const {
  return value ? std::to_string(*value) : "";
}
std::string TokenCount::expected() const {
  return fmt::format("a number of tokens from 1 to {}", kMaxTokens);
}

std::optional<std::uint64_t> BytesBetween::parse(std::string_view text) const {
  const auto value = parse_bytes(text);
  return value && *value >= min && *value <= max ? value : std::nullopt;
}
std::string BytesBetween::show(std::uint64_t value) const { return show_bytes(value); }
std::string BytesBetween::expected() const {
  return fmt::format("a size from {} to {}", show_bytes(min), show_bytes(max));
}

std::optional<double> Amount::parse(std::string_view text) const {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  // "nan" and "inf" are numbers to from_chars, and no bound holds for the first.
  return whole && value >= min && value <= max ? std::optional(value) : std::nullopt;
}
std::string Amount::show(double value) { return fmt::format("{}", value); }
std::string Amount::expected() const {
  return fmt::format("a number from {} to {}", show(min), show(max));
}

std::optional<double> Percent::parse(std::string_view text) const {
  if (!text.ends_with('%')) return std::nullopt;
  const auto value = number_between<int>(text.substr(0, text.size() - 1), 0, 100);
  return value ? std::optional(*value / 100.0) : std::nullopt;
}
std::string Percent::show(double value) const { return fmt::format("{:.0f}%", value * 100); }

std::optional<bool> Boolean::parse(std::string_view text) const {
  constexpr std::string_view kTrue[] = {"true", "on", "yes"};
  constexpr std::string_view kFalse[] = {"false", "off", "no"};
  const auto is = [text](std::string_view word) { return equals_ignoring_case(text, word); };
  if (std::ranges::any_of(kTrue, is)) return true;
  if (std::ranges::any_of(kFalse, is)) return false;
  return std::nullopt;
}

std::optional<PicoDollars> UsdPerMillion::parse(std::string_view text) const {
  static_assert(kPicoPerTokenPerUsdPerMillion == 1'000'000, "six decimals are exact");
  const auto parts = fixed_point(text, kMaxUsdPerMillion, 6);
  return parts ? std::optional(PicoDollars{*parts}) : std::nullopt;
}
std::string UsdPerMillion::expected() const {
  return fmt::format("USD per million tokens from 0 to {}, at most six decimals",
                     kMaxUsdPerMillion);
}

std::optional<NanoDollars> Usd::parse(std::string_view text) {
  const auto parts = fixed_point(text, kMaxUsd, 9);
  return parts && *parts > 0 ? std::optional(NanoDollars{*parts}) : std::nullopt;
}
std::string Usd::show(NanoDollars amount) {
  return amount.value == 0 ? "" : format_usd(amount).substr(1);
}
std::string Usd::expected() const {
  return fmt::format("USD from 0.000000001 to {}, at most nine decimals", kMaxUsd);
}

std::optional<std::string> ZoneName::parse(std::string_view text) const {
  return TimeZone::find(text) ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<Secret> WebhookUrl::parse(std::string_view text) const {
  const std::size_t start = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (start == 0 || text.size() > 2048) return std::nullopt;
  const std::string_view rest = text.substr(start);
  const std::string_view path = rest.substr(std::min(rest.find_first_of("/?"), rest.size()));
  const auto bad = [](char c) { return !is_visible(c) || c == '#'; };
  if (!is_authority(rest.substr(0, rest.size() - path.size()), false) ||
      std::any_of(path.begin(), path.end(), bad)) {
    return std::nullopt;
  }
  return Secret(std::string(text));
}

std::optional<std::string> ListenAddress::parse(std::string_view text) const {
  return is_authority(text, true) ? std::optional<std::string>(text) : std::nullopt;
}
std::string ListenAddress::expected() const { return "host:port or [ipv6]:port, port 0 to 65535"; }

std::optional<std::string> BaseUrl::parse(std::string_view text) const {
  const std::size_t start = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (start == 0) return std::nullopt;
  while (text.size() > start && text.ends_with('/')) text.remove_suffix(1);
  const std::string_view rest = text.substr(start);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(slash);
  const auto bad_in_path = [](char c) {
    return !is_visible(c) || c == '?' || c == '#' || c == '@';
  };
  if (!is_authority(rest.substr(0, slash), false) ||
      std::any_of(path.begin(), path.end(), bad_in_path)) {
    return std::nullopt;
  }
  return std::string(text);
}
std::string BaseUrl::expected() const {
  return "http:// or https://, a host, and if needed a port and a path";
}

std::optional<std::string> Name::parse(std::string_view text) const {
  if (text.empty() || text.size() > 128 || !std::all_of(text.begin(), text.end(), is_visible)) {
    return std::nullopt;
  }
  return std::string(text);
}
std::string Name::expected() const {
  return "a name of 1 to 128 visible ASCII characters without spaces";
}

std::optional<std::string> Line::parse(std::string_view text) const {
  const auto control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (text.empty() || std::any_of(text.begin(), text.end(), control)) return std::nullopt;
  return std::string(text);
}

std::optional<Secret> SecretText::parse(std::string_view text) const {
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (text.size() < min || text.size() > 256 || !visible) return std::nullopt;
  return Secret(std::string(text));
}
std::string SecretText::expected() const {
  return "at least " + std::to_string(min) + " visible ASCII characters without spaces";
}

std::optional<std::string> ReadableFile::parse(std::string_view text) const {
  std::string path(text);
  struct stat status{};
  const bool is_file = stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (!is_file || access(path.c_str(), R_OK) != 0) return std::nullopt;
  return path;
}

std::string either(std::span<const std::string> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string suggestion(std::string_view word, std::span<const std::string> words) {
  return did_you_mean(word, words);
}

}  // namespace tidegate::config
