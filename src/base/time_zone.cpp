#include "base/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace tidegate {

using namespace std::chrono;

namespace {

constexpr std::string_view kFolder = "/usr/share/zoneinfo/";

// Reads "CET-1CEST,M3.5.0,M10.5.0/3", the last line of a zone's file (POSIX.1, TZ).
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  // A zone's abbreviation: letters, or anything between < and >.
  bool name() {
    if (take('<')) {
      const std::size_t end = text_.find('>');
      if (end == std::string_view::npos) return false;
      text_.remove_prefix(end + 1);
      return true;
    }
    const auto* const end = std::ranges::find_if_not(
        text_, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
    const auto size = static_cast<std::size_t>(end - text_.begin());
    text_.remove_prefix(size);
    return size >= 3;
  }

  // "[+-]h[:mm[:ss]]" in seconds.
  std::optional<int> time() {
    const bool negative = take('-');
    if (!negative) take('+');
    int seconds = 0;
    int unit = 3600;
    do {
      const auto part = number();
      if (!part || *part > 167) return std::nullopt;
      seconds += *part * unit;
      unit /= 60;
    } while (unit > 0 && take(':'));
    return negative ? -seconds : seconds;
  }

  bool rule(ZoneRule& rule) {
    if (!take(',') || !take('M')) return false;
    const auto month = number();
    if (!month || *month < 1 || *month > 12 || !take('.')) return false;
    const auto week = number();
    if (!week || *week < 1 || *week > 5 || !take('.')) return false;
    const auto weekday = number();
    if (!weekday || *weekday > 6) return false;
    rule = {*month, *week, *weekday, 7200};
    if (!take('/')) return true;
    const auto at = time();
    if (at) rule.second = *at;
    return at.has_value();
  }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] char front() const { return text_.empty() ? '\0' : text_.front(); }

 private:
  bool take(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<int> number() {
    int number = 0;
    std::size_t digits = 0;
    for (; digits < text_.size() && digits < 4 && text_[digits] >= '0' && text_[digits] <= '9';
         ++digits) {
      number = number * 10 + (text_[digits] - '0');
    }
    text_.remove_prefix(digits);
    return digits == 0 ? std::nullopt : std::optional(number);
  }

  std::string_view text_;
};

// The local second at which `rule` changes the clocks in a year, since 1970 local time.
std::int64_t local_second(const ZoneRule& rule, year in) {
  const year_month_day_last last{in / month{static_cast<unsigned>(rule.month)} / std::chrono::last};
  const weekday wanted{static_cast<unsigned>(rule.weekday)};
  sys_days day;
  if (rule.week == 5) {
    day = sys_days{last};
    day -= weekday{day} - wanted;
  } else {
    day = sys_days{in / month{static_cast<unsigned>(rule.month)} / 1};
    day += wanted - weekday{day};
    day += weeks{rule.week - 1};
  }
  return seconds{day.time_since_epoch()}.count() + rule.second;
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() < 64 && name.front() != '/' && !name.contains("..") &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '/' || c == '_' || c == '-' || c == '+';
             });
}

// "+08:00"
std::optional<std::int32_t> fixed_offset(std::string_view name) {
  if (name.size() != 6 || (name[0] != '+' && name[0] != '-') || name[3] != ':') return std::nullopt;
  RuleReader reader(name);
  const auto seconds = reader.time();
  if (!seconds || !reader.empty() || *seconds <= -86400 || *seconds >= 86400) return std::nullopt;
  return *seconds;
}

}  // namespace

// A file of the tz database (RFC 8536), of which the second block counts in 64 bits.
class ZoneFile {
 public:
  explicit ZoneFile(std::string bytes) : bytes_(std::move(bytes)) {}

  bool read(TimeZone& zone) {
    Counts counts;
    if (!head(counts) || bytes_[4] < '2') return false;
    at_ += counts.size(4);
    if (!head(counts) || at_ + counts.size(8) > bytes_.size() || counts.types == 0) return false;
    const std::size_t kinds = at_ + counts.changes * 8;
    const std::size_t types = kinds + counts.changes;
    const auto offset_of = [&](std::size_t type) {
      return static_cast<std::int32_t>(integer(types + type * 6, 4));
    };
    zone.first_offset_ = offset_of(0);
    for (std::size_t i = 0; i < counts.changes; ++i) {
      const auto type = static_cast<unsigned char>(bytes_[kinds + i]);
      if (type >= counts.types) return false;
      zone.changes_.push_back({integer(at_ + i * 8, 8), offset_of(type)});
    }
    at_ += counts.size(8);
    return footer(zone);
  }

 private:
  struct Counts {
    std::size_t utc = 0, standard = 0, leaps = 0, changes = 0, types = 0, characters = 0;
    [[nodiscard]] std::size_t size(std::size_t time) const {
      return changes * (time + 1) + types * 6 + characters + leaps * (time + 4) + standard + utc;
    }
  };

  bool head(Counts& counts) {
    if (bytes_.size() < at_ + 44 || bytes_.compare(at_, 4, "TZif") != 0) return false;
    std::size_t field = at_ + 20;
    for (std::size_t* const count : {&counts.utc, &counts.standard, &counts.leaps, &counts.changes,
                                     &counts.types, &counts.characters}) {
      *count = static_cast<std::size_t>(integer(field, 4));
      if (*count > 100'000) return false;
      field += 4;
    }
    at_ += 44;
    return at_ + counts.size(4) <= bytes_.size();
  }

  // Big endian, with a sign.
  [[nodiscard]] std::int64_t integer(std::size_t at, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    }
    return size == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  }

  bool footer(TimeZone& zone) const {
    std::string_view text = std::string_view(bytes_).substr(at_);
    if (text.size() < 2 || text.front() != '\n' || text.back() != '\n') return false;
    text = text.substr(1, text.size() - 2);
    zone.standard_ = zone.summer_ =
        zone.changes_.empty() ? zone.first_offset_ : zone.changes_.back().offset;
    if (text.empty()) return true;
    RuleReader reader(text);
    if (!reader.name()) return false;
    const auto west = reader.time();
    if (!west) return false;
    zone.standard_ = zone.summer_ = -*west;
    if (reader.empty()) return true;
    if (!reader.name()) return false;
    zone.summer_ = zone.standard_ + 3600;
    if (reader.front() != ',') {
      const auto summer_west = reader.time();
      if (!summer_west) return false;
      zone.summer_ = -*summer_west;
    }
    return reader.rule(zone.to_summer_) && reader.rule(zone.to_standard_) && reader.empty();
  }

  std::string bytes_;
  std::size_t at_ = 0;
};

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone zone;
  if (name == "UTC" || name == "Z") return zone;
  zone.name_ = name;
  if (const auto fixed = fixed_offset(name)) {
    zone.first_offset_ = zone.standard_ = zone.summer_ = *fixed;
    return zone;
  }
  const auto expected = [&](ErrorCode code, std::string_view what) {
    return fail(code, fmt::format("\"{}\" {}; expected a name like Europe/Berlin or UTC, or an "
                                  "offset like +08:00",
                                  name, what));
  };
  if (!good_name(name)) return expected(ErrorCode::invalid, "is not a time zone");
  const std::string path = std::string(kFolder) + std::string(name);
  std::error_code none;
  std::string bytes;
  if (std::filesystem::is_regular_file(path, none)) {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (bytes.empty()) {
    return expected(ErrorCode::not_found,
                    "is not in this machine's time zones (/usr/share/zoneinfo, package tzdata)");
  }
  if (!ZoneFile(std::move(bytes)).read(zone)) {
    return expected(ErrorCode::invalid, "is a damaged file or none of a time zone");
  }
  return zone;
}

seconds TimeZone::rule_offset(WallTime at) const {
  if (standard_ == summer_) return seconds{standard_};
  const std::int64_t now = floor<seconds>(at).time_since_epoch().count();
  const year in = year_month_day{floor<days>(at + seconds{standard_})}.year();
  const std::int64_t begin = local_second(to_summer_, in) - standard_;
  const std::int64_t end = local_second(to_standard_, in) - summer_;
  // South of the equator summer lasts over the new year.
  const bool summer = begin < end ? now >= begin && now < end : now >= begin || now < end;
  return seconds{summer ? summer_ : standard_};
}

seconds TimeZone::offset(WallTime at) const {
  const std::int64_t now = floor<seconds>(at).time_since_epoch().count();
  if (changes_.empty() || now >= changes_.back().at) return rule_offset(at);
  const auto next = std::ranges::upper_bound(changes_, now, {}, &Change::at);
  return seconds{next == changes_.begin() ? first_offset_ : std::prev(next)->offset};
}

bool TimeZone::has_whole_hours(WallTime from, WallTime until) const {
  const auto whole = [](std::int64_t offset) { return offset % 3600 == 0; };
  if (!whole(offset(from).count()) || !whole(offset(until).count())) return false;
  const std::int64_t first = floor<seconds>(from).time_since_epoch().count();
  const std::int64_t last = floor<seconds>(until).time_since_epoch().count();
  if (!std::ranges::all_of(changes_, [&](const Change& change) {
        return change.at <= first || change.at >= last || whole(change.offset);
      })) {
    return false;
  }
  const bool by_rule = changes_.empty() || last >= changes_.back().at;
  return !by_rule || (whole(standard_) && whole(summer_));
}

local_days TimeZone::day(WallTime at) const {
  return local_days{floor<days>(at + offset(at)).time_since_epoch()};
}

WallTime TimeZone::start(local_days day) const {
  const WallTime midnight{sys_days{day.time_since_epoch()}};
  // Clocks differ from UTC by less than a day. Days are asked for from both sides of a change.
  WallTime low = midnight - 26h;
  WallTime high = midnight + 26h;
  while (high - low > 1s) {
    const WallTime middle = low + floor<seconds>((high - low) / 2);
    (this->day(middle) >= day ? high : low) = middle;
  }
  return high;
}

}  // namespace tidegate
