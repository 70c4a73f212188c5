#include "schema/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "schema/pattern.h"

namespace tidegate::schema {
namespace {

bool matches(const std::shared_ptr<const Pattern>& pattern, std::string_view text) {
  return pattern->matches(text);
}

// Of two digits, which the caller has seen.
unsigned two(std::string_view text, std::size_t at) {
  return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

bool is_date(std::string_view text) {
  static const auto kShape = Pattern::compile(R"(^\d{4}-\d\d-\d\d$)");
  if (!matches(kShape, text)) return false;
  using namespace std::chrono;
  const auto of_year = static_cast<int>(two(text, 0) * 100 + two(text, 2));
  return year_month_day(year(of_year), month(two(text, 5)), day(two(text, 8))).ok();
}

// RFC 3339; a leap second is allowed at the end of any hour, since zones shift it.
bool is_time(std::string_view text) {
  static const auto kShape = Pattern::compile(
      R"(^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)$)");
  return matches(kShape, text) && (text[6] != '6' || two(text, 3) % 30 == 29);
}

bool is_date_time(std::string_view text) {
  constexpr std::size_t kDate = 10;
  return text.size() > kDate && (text[kDate] == 'T' || text[kDate] == 't') &&
         is_date(text.substr(0, kDate)) && is_time(text.substr(kDate + 1));
}

bool is_duration(std::string_view text) {
  static const auto kShape =
      Pattern::compile(R"(^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$)");
  return matches(kShape, text) && text.size() > 1 && text.back() != 'T';
}

// Something on both sides of an @: what is behind it decides whether mail arrives.
bool is_email(std::string_view text) {
  static const auto kShape = Pattern::compile(
      R"(^("[^"]+"|[^\s@".]+(\.[^\s@".]+)*)@(\[[^\]\s]+\]|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)$)");
  return matches(kShape, text);
}

bool is_hostname(std::string_view text) {
  static const auto kShape = Pattern::compile(
      R"(^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$)");
  return text.size() <= 253 && matches(kShape, text);
}

template <int kFamily>
bool is_address(std::string_view text) {
  unsigned char address[sizeof(in6_addr)];
  if (text.size() > INET6_ADDRSTRLEN || text.contains('\0')) return false;
  return ::inet_pton(kFamily, std::string(text).c_str(), address) == 1;
}

bool is_uuid(std::string_view text) {
  static const auto kShape =
      Pattern::compile(R"(^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$)");
  return matches(kShape, text);
}

constexpr Format kFormats[] = {
    {"date", "a date (2026-09-30)", is_date},
    {"time", "a time with its zone (09:30:00Z)", is_time},
    {"date-time", "a date and time with its zone (2026-09-30T09:30:00Z)", is_date_time},
    {"duration", "a duration (P1DT2H)", is_duration},
    {"email", "an e-mail address", is_email},
    {"hostname", "a host name", is_hostname},
    {"ipv4", "an IPv4 address", is_address<AF_INET>},
    {"ipv6", "an IPv6 address", is_address<AF_INET6>},
    {"uuid", "a UUID", is_uuid},
};

}  // namespace

const Format* find_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace tidegate::schema
