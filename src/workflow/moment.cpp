#include "workflow/moment.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tidegate::workflow {
namespace {

constexpr Duration kLongest = 366 * 24h;

// "07:30": minutes of the day.
bool parse_minute(std::string_view text, int& out) {
  if (text.size() != 5 || text[2] != ':') return false;
  const auto hour = parse_u64(text.substr(0, 2));
  const auto minute = parse_u64(text.substr(3));
  if (!hour || !minute || *hour > 23 || *minute > 59) return false;
  out = static_cast<int>(*hour * 60 + *minute);
  return true;
}

}  // namespace

WallTime next(int minute, const TimeZone& zone, WallTime from) {
  using namespace std::chrono;
  sys_days day = floor<days>(from + zone.offset(from)) - days{1};
  for (int tries = 0; tries < 4; ++tries, day += days{1}) {
    const WallTime shown = WallTime{day} + minutes{minute};
    // The offset that holds then is either that of the day before or that of the day behind.
    const seconds before = zone.offset(shown - 24h);
    const seconds behind = zone.offset(shown + 24h);
    WallTime at = shown - before;
    if (zone.offset(at) != before) {
      at = shown - behind;
      if (zone.offset(at) != behind) at = shown - before;  // skipped: the clock shows a later time
    }
    if (at >= from) return at;
  }
  return from + 24h;
}

Result<Deadline> Deadline::parse(std::string_view text) {
  Deadline deadline;
  deadline.text_ = text;
  if (const auto after = parse_duration(text)) {
    if (*after <= 0s || *after > kLongest) {
      return fail(ErrorCode::invalid, fmt::format("\"{}\" is not from 1s to 366d", text));
    }
    deadline.when_ = *after;
    return deadline;
  }
  WallTime at;
  if (text.size() > 10 && parse_rfc3339(text, at)) {
    deadline.when_ = at;
    return deadline;
  }
  TimeOfDay day;
  if (parse_minute(text.substr(0, 5), day.minute)) {
    if (text.size() < 7 || text[5] != ' ') {
      return fail(ErrorCode::invalid,
                  fmt::format("\"{}\" does not say where; expected e.g. \"{} UTC\" or \"{} "
                              "Europe/Berlin\"",
                              text, text.substr(0, 5), text.substr(0, 5)));
    }
    auto zone = TimeZone::find(trim(text.substr(6)));
    if (!zone) return std::unexpected(zone.error());
    day.zone = std::make_shared<const TimeZone>(std::move(*zone));
    deadline.when_ = std::move(day);
    return deadline;
  }
  return fail(ErrorCode::invalid,
              fmt::format("\"{}\" is not valid; expected a time of day with its zone (\"07:30 "
                          "Europe/Berlin\"), a moment (2026-12-01T07:30:00Z) or how long after the "
                          "start (6h)",
                          text));
}

WallTime Deadline::after(WallTime start) const {
  if (const auto* at = std::get_if<WallTime>(&when_)) return *at;
  if (const auto* span = std::get_if<Duration>(&when_)) return start + *span;
  const auto& day = std::get<TimeOfDay>(when_);
  return next(day.minute, *day.zone, start + Duration{1});
}

}  // namespace tidegate::workflow
