// What a RateLimiter bounds, what a caller asks of it, and why it was refused. Plain values, any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/error.h"

namespace tidegate {

// Which tokens of a request the token limits count.
enum class Counted : std::uint8_t { input, output, both };

// What is absent is not limited.
struct RateLimits {
  std::optional<double> requests_per_second{};
  std::optional<double> requests_per_minute{};
  std::optional<double> tokens_per_minute{};
  std::optional<double> tokens_per_day{};
  std::optional<NanoDollars> cost_per_day{};  // of any 24 hours, whatever `burst` says
  std::optional<std::int64_t> max_concurrent{};
  Counted counted = Counted::both;
  // What may come at once after a pause, in parts of what the period allows: 0.1 of
  // tokens_per_minute is six seconds' worth. In any span of time t no more than rate x t + that is
  // admitted.
  double burst = 1;

  bool operator==(const RateLimits&) const = default;
};

// One bound of RateLimits.
enum class Bound : std::uint8_t {
  requests_per_second,
  requests_per_minute,
  tokens_per_minute,
  tokens_per_day,
  cost_per_day,
  max_concurrent,
};
inline constexpr std::size_t kBounds = 6;
[[nodiscard]] std::string_view name(Bound bound);

// Who goes first when both wait.
enum class Priority : std::uint8_t { interactive, batch };

// One request: its size as it is estimated, or as it turned out.
struct Demand {
  Tokens input = 0;
  Tokens output = 0;
  NanoDollars cost{};

  bool operator==(const Demand&) const = default;
};

struct Refusal {
  Bound bound{};          // that was reached
  std::size_t limiter{};  // of several nested ones, the one that refused
  bool never = false;     // more than the bound ever allows at once
  std::int64_t asked = 0;
  std::int64_t most = 0;   // that the bound allows at once
  bool line_full = false;  // no more may wait
  bool pending = false;    // nobody knows yet: those who share the bound are being asked (slice.h)
  // Until it would be admitted, if nobody else asks; zero: when a running request ends.
  Duration retry_after{};

  // rate_limited or too_large, with the reason in a sentence.
  [[nodiscard]] Error error() const;
};

// How a bound stands.
struct Standing {
  std::int64_t limit = 0;  // at once
  std::int64_t remaining = 0;
  Duration reset{};  // until nothing of it is used
};

}  // namespace tidegate
