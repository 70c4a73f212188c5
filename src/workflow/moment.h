// Deadlines as files say them: a moment, a time of day somewhere, or so long after the start.
// Used by the definition, plan and the engine. Plain values and pure functions, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace tidegate::workflow {

// "07:30 Europe/Berlin": the next time that a clock there shows it.
struct TimeOfDay {
  int minute = 0;  // of the day
  std::shared_ptr<const TimeZone> zone;
};
// The first moment at or behind `from` at which clocks there show `minute` of the day. Where clocks
// are put forward over it, the moment that it would have been.
[[nodiscard]] WallTime next(int minute, const TimeZone& zone, WallTime from);

class Deadline {
 public:
  // "2026-12-01T07:30:00Z", "07:30 Europe/Berlin", "07:30 UTC", "07:30 +02:00" or "6h".
  static Result<Deadline> parse(std::string_view text);

  // When it is, of a run that starts at `start`; always behind it unless the text names a moment.
  [[nodiscard]] WallTime after(WallTime start) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::variant<WallTime, TimeOfDay, Duration> when_;
};

}  // namespace tidegate::workflow
