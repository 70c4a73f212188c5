#include "tidegate/rate_limits.h"

#include <string>

namespace tidegate {
namespace {

std::string_view unit(Bound bound) {
  switch (bound) {
    case Bound::tokens_per_minute:
    case Bound::tokens_per_day:
      return " tokens";
    case Bound::cost_per_day:
      return " nano-dollars";
    case Bound::requests_per_second:
    case Bound::requests_per_minute:
    case Bound::max_concurrent:
      break;
  }
  return " requests";
}

}  // namespace

std::string_view name(Bound bound) {
  switch (bound) {
    case Bound::requests_per_second:
      return "requests_per_second";
    case Bound::requests_per_minute:
      return "requests_per_minute";
    case Bound::tokens_per_minute:
      return "tokens_per_minute";
    case Bound::tokens_per_day:
      return "tokens_per_day";
    case Bound::cost_per_day:
      return "cost_per_day";
    case Bound::max_concurrent:
      return "max_concurrent";
  }
  return {};
}

Error Refusal::error() const {
  const std::string which(name(bound));
  if (never) {
    return {ErrorCode::too_large,
            "the request needs " + std::to_string(asked) + std::string(unit(bound)) + ", and " +
                which + " allows at most " + std::to_string(most) + " at once; ask for less",
            which};
  }
  std::string message = "the limit " + which + " is reached";
  if (line_full) message += " and too many requests wait for it";
  return {ErrorCode::rate_limited, message + "; try again later", which};
}

}  // namespace tidegate
