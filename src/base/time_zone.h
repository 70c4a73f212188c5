// Time zones of the system's tz database (/usr/share/zoneinfo) and fixed offsets, for days and
// hours as people count them. Used by reports and whatever else has a local day. Immutable, any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace tidegate {

// A yearly change of clocks as POSIX writes it, M3.5.0/2: month, week (5: the last), weekday, and
// seconds after local midnight.
struct ZoneRule {
  int month = 0, week = 0, weekday = 0;
  int second = 7200;
};

class TimeZone {
 public:
  // "UTC", "Europe/Berlin", "+08:00". Errors: not_found (no such zone), invalid (not a name of one,
  // or a damaged file).
  static Result<TimeZone> find(std::string_view name);
  static TimeZone utc() { return {}; }

  [[nodiscard]] const std::string& name() const { return name_; }
  // Local time minus UTC at `at`.
  [[nodiscard]] std::chrono::seconds offset(WallTime at) const;
  // Whether local hours begin with those of UTC all the time from `from` to `until`.
  [[nodiscard]] bool has_whole_hours(WallTime from, WallTime until) const;
  // The local day that `at` is in.
  [[nodiscard]] std::chrono::local_days day(WallTime at) const;
  // The first moment of a local day: the later of two if clocks are put back to before midnight,
  // the moment of the change if midnight is skipped.
  [[nodiscard]] WallTime start(std::chrono::local_days day) const;

 private:
  friend class ZoneFile;
  [[nodiscard]] std::chrono::seconds rule_offset(WallTime at) const;

  struct Change {
    std::int64_t at;  // seconds since 1970 UTC
    std::int32_t offset;
  };
  std::string name_ = "UTC";
  std::vector<Change> changes_;    // ascending
  std::int32_t first_offset_ = 0;  // before them all
  // After the last of them; without a summer time both offsets are the same.
  std::int32_t standard_ = 0, summer_ = 0;
  ZoneRule to_summer_, to_standard_;
};

}  // namespace tidegate
