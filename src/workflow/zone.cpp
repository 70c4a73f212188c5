#include "workflow/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace tidegate::workflow {

using namespace std::chrono;

namespace {

constexpr std::size_t kMaxBytes = 1u << 20;
constexpr std::string_view kFolder = "/usr/share/zoneinfo/";

// Big-endian.
std::int64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = (bytes[at] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return static_cast<std::int64_t>(value);
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_number(std::string_view& text, int& out) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto value = parse_u64(text.substr(0, digits));
  if (!value || *value > 1000) return false;
  out = static_cast<int>(*value);
  text.remove_prefix(digits);
  return true;
}

// "2", "-3:30", "+02:00:00".
bool take_time(std::string_view& text, seconds& out) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int parts[3] = {};
  if (!take_number(text, parts[0])) return false;
  for (int i = 1; i < 3 && take(text, ':'); ++i) {
    if (!take_number(text, parts[i])) return false;
  }
  out = hours{parts[0]} + minutes{parts[1]} + seconds{parts[2]};
  if (negative) out = -out;
  return true;
}

// "CET" or "<+03>".
bool take_abbreviation(std::string_view& text) {
  if (take(text, '<')) {
    const std::size_t end = text.find('>');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
    return true;
  }
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto end = std::ranges::find_if_not(text, letter);
  const auto size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size >= 3;
}

bool is_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' &&
         std::ranges::all_of(name, good);
}

}  // namespace

Result<std::shared_ptr<const Zone>> Zone::find(std::string_view name) {
  const auto unknown = [&](std::string_view why) {
    return fail(
        ErrorCode::not_found,
        fmt::format("{}: {}; expected UTC, +02:00 or a zone such as Europe/Berlin", name, why));
  };
  if (name.starts_with('+') || name.starts_with('-') || name == "UTC" || name == "Z") {
    auto zone = std::make_shared<Zone>();
    std::string_view rest = name;
    if (name != "UTC" && name != "Z" &&
        (!take_time(rest, zone->standard_) || !rest.empty() || zone->standard_ > 15h ||
         zone->standard_ < -15h)) {
      return unknown("not a time zone");
    }
    return zone;
  }
  if (!is_name(name)) return unknown("not a time zone");
  std::ifstream file(std::string(kFolder) + std::string(name), std::ios::binary);
  std::string bytes;
  if (file) {
    bytes.resize(kMaxBytes);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (bytes.empty()) return unknown("this system has no such time zone");
  return read(bytes);
}

// The format is RFC 8536's: a block with times of 32 bits, then the same with 64, then a rule.
Result<std::shared_ptr<const Zone>> Zone::read(std::string_view bytes) {
  const auto broken = [] {
    return fail(ErrorCode::invalid, "not a file of the time zone database");
  };
  constexpr std::size_t kHead = 44;
  struct Counts {
    std::size_t utc = 0, standard = 0, leaps = 0, times = 0, types = 0, letters = 0;
  };
  const auto head = [&](std::size_t at, Counts& counts) {
    if (bytes.size() < at + kHead || !bytes.substr(at).starts_with("TZif") || bytes[at + 4] < '2') {
      return false;
    }
    std::size_t* const all[] = {&counts.utc,   &counts.standard, &counts.leaps,
                                &counts.times, &counts.types,    &counts.letters};
    for (std::size_t i = 0; i < std::size(all); ++i) {
      const std::int64_t count = number(bytes, at + 20 + i * 4, 4);
      if (count < 0 || count > static_cast<std::int64_t>(kMaxBytes)) return false;
      *all[i] = static_cast<std::size_t>(count);
    }
    return true;
  };
  const auto body = [](const Counts& counts, std::size_t time) {
    return counts.times * (time + 1) + counts.types * 6 + counts.letters +
           counts.leaps * (time + 4) + counts.standard + counts.utc;
  };
  Counts counts;
  if (!head(0, counts)) return broken();
  std::size_t at = kHead + body(counts, 4);
  if (!head(at, counts)) return broken();
  at += kHead;
  if (counts.types == 0 || bytes.size() < at + body(counts, 8)) return broken();

  auto zone = std::make_shared<Zone>();
  const std::size_t kinds = at + counts.times * 8;
  const std::size_t types = kinds + counts.times;
  const auto offset_of = [&](std::size_t type) {
    return seconds{number(bytes, types + type * 6, 4)};
  };
  zone->first_ = zone->standard_ = offset_of(0);
  for (std::size_t i = 0; i < counts.times; ++i) {
    const auto type = static_cast<std::size_t>(static_cast<unsigned char>(bytes[kinds + i]));
    if (type >= counts.types) return broken();
    zone->transitions_.push_back({number(bytes, at + i * 8, 8), offset_of(type)});
    zone->standard_ = zone->transitions_.back().offset;
  }
  std::string_view rule = bytes.substr(at + body(counts, 8));
  if (!take(rule, '\n')) return broken();
  rule = rule.substr(0, rule.find('\n'));
  if (!rule.empty() && !zone->read_rule(rule)) return broken();
  return zone;
}

// "CET-1CEST,M3.5.0,M10.5.0/3": offsets count west of UTC.
bool Zone::read_rule(std::string_view text) {
  seconds west{};
  if (!take_abbreviation(text) || !take_time(text, west)) return false;
  standard_ = -west;
  if (text.empty()) return true;
  if (!take_abbreviation(text)) return false;
  summer_ = standard_ + 1h;
  if (!text.starts_with(',')) {
    if (!take_time(text, west)) return false;
    summer_ = -west;
  }
  has_summer_ = true;
  return read_change(text, to_summer_) && read_change(text, to_standard_) && text.empty();
}

bool Zone::read_change(std::string_view& text, Change& out) {
  if (!take(text, ',') || !take(text, 'M') || !take_number(text, out.month) || !take(text, '.') ||
      !take_number(text, out.week) || !take(text, '.') || !take_number(text, out.weekday)) {
    return false;
  }
  if (out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 || out.weekday > 6) {
    return false;
  }
  return !take(text, '/') || take_time(text, out.time);
}

sys_seconds Zone::Change::in(int in_year) const {
  const auto of = year{in_year} / std::chrono::month{static_cast<unsigned>(month)};
  const std::chrono::weekday day{static_cast<unsigned>(weekday)};
  const sys_days date =
      week == 5 ? sys_days{of / day[last]} : sys_days{of / day[static_cast<unsigned>(week)]};
  return date + time;
}

seconds Zone::offset(WallTime at) const {
  const auto moment = floor<seconds>(at);
  const std::int64_t count = moment.time_since_epoch().count();
  if (!transitions_.empty() && count < transitions_.back().at) {
    const auto after = std::ranges::upper_bound(transitions_, count, {}, &Transition::at);
    return after == transitions_.begin() ? first_ : std::prev(after)->offset;
  }
  if (!has_summer_) return standard_;
  const int in = static_cast<int>(year_month_day{floor<days>(moment + standard_)}.year());
  const sys_seconds summer = to_summer_.in(in)-standard_;
  const sys_seconds standard = to_standard_.in(in)-summer_;
  const bool is_summer = summer < standard ? moment >= summer && moment < standard
                                           : moment >= summer || moment < standard;
  return is_summer ? summer_ : standard_;
}

WallTime Zone::next(int minute, WallTime from) const {
  sys_days day = floor<days>(from + offset(from)) - days{1};
  for (int tries = 0; tries < 4; ++tries, day += days{1}) {
    const WallTime shown = WallTime{day} + minutes{minute};
    // The offset that holds then is either the one of a day before or of a day behind.
    const seconds before = offset(shown - 24h);
    const seconds behind = offset(shown + 24h);
    WallTime at = shown - before;
    if (offset(at) != before) {
      at = shown - behind;
      if (offset(at) != behind) at = shown - before;  // skipped: the clock shows a later time
    }
    if (at >= from) return at;
  }
  return from + 24h;
}

}  // namespace tidegate::workflow
