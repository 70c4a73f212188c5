// Time zones from the system's database (/usr/share/zoneinfo), which g++ 12's library does not
// read. Used by deadlines. Immutable once loaded, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace tidegate::workflow {

class Zone {
 public:
  // "Europe/Berlin", "UTC", "+02:00", "-05:30". Error not_found: the system has no such zone.
  static Result<std::shared_ptr<const Zone>> find(std::string_view name);
  // A file of the database; version 1 is refused. Error invalid.
  static Result<std::shared_ptr<const Zone>> read(std::string_view bytes);

  // East of UTC.
  [[nodiscard]] std::chrono::seconds offset(WallTime at) const;
  // The first moment at or behind `from` at which clocks there show `minute` of the day. Where
  // clocks are put forward over it, the moment that they are.
  [[nodiscard]] WallTime next(int minute, WallTime from) const;

 private:
  // When a rule of the form that POSIX has in TZ begins: "M3.5.0/2".
  struct Change {
    int month = 0, week = 0, weekday = 0;  // of week 5: the last
    std::chrono::seconds time{7200};       // of the day, by the clock until then
    [[nodiscard]] std::chrono::sys_seconds in(int year) const;
  };
  struct Transition {
    std::int64_t at = 0;  // seconds since 1970
    std::chrono::seconds offset{};
  };

  bool read_rule(std::string_view text);
  bool read_change(std::string_view& text, Change& out);

  std::vector<Transition> transitions_;
  std::chrono::seconds first_{};  // before all of them
  // Behind all of them.
  std::chrono::seconds standard_{}, summer_{};
  bool has_summer_ = false;
  Change to_summer_, to_standard_;
};

}  // namespace tidegate::workflow
