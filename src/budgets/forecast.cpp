#include "budgets/forecast.h"

#include <algorithm>

namespace tidegate::budgets {

std::optional<WallTime> runs_out(NanoDollars left, NanoDollars last_hour, const Period& period,
                                 WallTime now) {
  if (left.value <= 0) return now;
  if (last_hour.value <= 0) return std::nullopt;
  constexpr double kHour = 3600;
  // What lies further ahead than a century is never.
  constexpr double kNever = 100.0 * 365 * 24 * kHour;
  const double seconds =
      static_cast<double>(left.value) / static_cast<double>(last_hour.value) * kHour;
  if (seconds >= kNever) return std::nullopt;
  const WallTime at = now + std::chrono::seconds(static_cast<std::int64_t>(seconds));
  return at < period.end ? std::optional(at) : std::nullopt;
}

}  // namespace tidegate::budgets
