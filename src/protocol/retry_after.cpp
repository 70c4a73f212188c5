#include "protocol/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/text.h"

namespace tidegate::protocol {
namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  // Digits first: no sign, no "inf", no "nan".
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

Duration bounded(double nanoseconds) {
  const auto max = static_cast<double>(kMaxRetryAfter.count());
  return Duration(static_cast<Duration::rep>(std::min(nanoseconds, max)));
}

// Takes the text up to the first of `delimiters` off the front; leaves what comes after it.
std::string_view take(std::string_view& text, std::string_view delimiters) {
  text = trim(text);
  const std::size_t end = std::min(text.find_first_of(delimiters), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<unsigned> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
std::optional<WallTime> http_date(std::string_view text, WallTime now) {
  using namespace std::chrono;
  const bool asctime = !text.contains(',');
  take(text, asctime ? " " : ",");
  std::string_view day_text, month_text, year_text, time_text;
  if (asctime) {
    month_text = take(text, " ");
    day_text = take(text, " ");
    time_text = take(text, " ");
    year_text = take(text, " ");
  } else {
    day_text = take(text, " -");
    month_text = take(text, " -");
    year_text = take(text, " ");
    time_text = take(text, " ");
    if (take(text, " ") != "GMT") return std::nullopt;
  }
  const auto day_number = parse_u64(day_text);
  const auto month = month_number(month_text);
  auto full_year = parse_u64(year_text);
  const auto hour = parse_u64(take(time_text, ":"));
  const auto minute = parse_u64(take(time_text, ":"));
  const auto second = parse_u64(time_text);
  if (!trim(text).empty() || !day_number || !month || !full_year || !hour || !minute || !second)
    return std::nullopt;

  if (year_text.size() == 2) {
    // RFC 9110: a year that seems to lie more than 50 years ahead is the latest past one with the
    // same two digits.
    const year_month_day today(floor<days>(time_point_cast<nanoseconds>(now)));
    *full_year += 2000;
    if (static_cast<int>(*full_year) > static_cast<int>(today.year()) + 50) *full_year -= 100;
  }
  if (*full_year > 9999 || *day_number > 31 || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  const year_month_day date(year(static_cast<int>(*full_year)), std::chrono::month(*month),
                            day(static_cast<unsigned>(*day_number)));
  if (!date.ok()) return std::nullopt;
  // Nanoseconds since 1970 end in 2262; a later date is as good as that.
  if (static_cast<int>(date.year()) > 2200) return WallTime::max();
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second);
}

}  // namespace

std::optional<Duration> read_retry_after(std::string_view retry_after,
                                         std::string_view retry_after_ms, WallTime now) {
  if (const auto milliseconds = number(trim(retry_after_ms))) return bounded(*milliseconds * 1e6);
  const std::string_view value = trim(retry_after);
  if (const auto seconds = number(value)) return bounded(*seconds * 1e9);
  const auto date = http_date(value, now);
  if (!date) return std::nullopt;
  if (*date <= now) return Duration::zero();
  return now < WallTime{} ? kMaxRetryAfter : std::min<Duration>(*date - now, kMaxRetryAfter);
}

}  // namespace tidegate::protocol
