#include "base/time.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tidegate {
namespace {

using namespace std::chrono;

// Reads exactly `digits` decimal digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto number = parse_u64(text.substr(0, digits));
  if (!number) return false;
  out = static_cast<int>(*number);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456789": digits beyond nanoseconds are cut.
bool take_fraction(std::string_view& text, Duration& out) {
  std::int64_t scale = 100'000'000;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    out += Duration{(text[digits] - '0') * scale};
    scale /= 10;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

// "Z", "+08:00", "-05:30": minutes east of UTC.
bool take_offset(std::string_view& text, minutes& out) {
  if (take(text, 'Z') || take(text, 'z')) return true;
  const bool west = !text.empty() && text.front() == '-';
  int hour = 0;
  int minute = 0;
  if (!take(text, west ? '-' : '+') || !take_number(text, 2, hour) || !take(text, ':') ||
      !take_number(text, 2, minute) || hour > 23 || minute > 59) {
    return false;
  }
  out = minutes{(west ? -1 : 1) * (hour * 60 + minute)};
  return true;
}

}  // namespace

std::string format_rfc3339(WallTime at) {
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<milliseconds>(at - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string format_minute(WallTime at) {
  std::string text = format_rfc3339(at).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

bool parse_rfc3339(std::string_view text, WallTime& out) {
  int y = 0;
  int m = 0;
  int d = 0;
  if (!take_number(text, 4, y) || !take(text, '-') || !take_number(text, 2, m) ||
      !take(text, '-') || !take_number(text, 2, d)) {
    return false;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  // Nanoseconds in 64 bits reach from 1678 to 2262.
  if (!date.ok() || y < 1700 || y > 2200) return false;
  Duration of_day{};
  minutes offset{};
  if (!text.empty()) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!(take(text, 'T') || take(text, 't')) || !take_number(text, 2, hour) || !take(text, ':') ||
        !take_number(text, 2, minute) || !take(text, ':') || !take_number(text, 2, second) ||
        hour > 23 || minute > 59 || second > 60) {
      return false;
    }
    of_day = hours{hour} + minutes{minute} + seconds{second};
    if (take(text, '.') && !take_fraction(text, of_day)) return false;
    if (!take_offset(text, offset) || !text.empty()) return false;
  }
  out = WallTime{sys_days{date}} + of_day - offset;
  return true;
}

}  // namespace tidegate
