#include "gateway/limit_headers.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"

namespace tidegate::gateway {
namespace {

using Read = std::optional<Standing> (RateLimiter::*)(TimePoint) const;

std::optional<Standing> tightest(const Limited& limited, Read read, TimePoint now) {
  std::optional<Standing> found;
  const auto share = [](const Standing& standing) {
    return static_cast<double>(standing.remaining) / static_cast<double>(standing.limit);
  };
  for (const limits::Chain* chain : {&limited.request_chain, &limited.target_chain}) {
    for (const RateLimiter* limiter : chain->limiters()) {
      const std::optional<Standing> standing = (limiter->*read)(now);
      if (standing && (!found || share(*standing) < share(*found))) found = standing;
    }
  }
  return found;
}

// As OpenAI writes it: "120ms", "6m0s", "1h0m2s".
std::string span_of_time(Duration time) {
  if (time < 1s) {
    return fmt::format("{}ms", std::chrono::ceil<std::chrono::milliseconds>(time).count());
  }
  const auto all = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (all < 60) return fmt::format("{}s", all);
  if (all < 3600) return fmt::format("{}m{}s", all / 60, all % 60);
  return fmt::format("{}h{}m{}s", all / 3600, all / 60 % 60, all % 60);
}

void append(std::string& out, const Standing& standing, std::string_view what,
            protocol::Surface surface, WallTime wall) {
  if (surface == protocol::Surface::messages) {
    fmt::format_to(
        std::back_inserter(out),
        "anthropic-ratelimit-{0}-limit: {1}\r\nanthropic-ratelimit-{0}-remaining: {2}\r\n"
        "anthropic-ratelimit-{0}-reset: {3}\r\n",
        what, standing.limit, standing.remaining, format_rfc3339(wall + standing.reset));
    return;
  }
  fmt::format_to(std::back_inserter(out),
                 "x-ratelimit-limit-{0}: {1}\r\nx-ratelimit-remaining-{0}: {2}\r\n"
                 "x-ratelimit-reset-{0}: {3}\r\n",
                 what, standing.limit, standing.remaining, span_of_time(standing.reset));
}

}  // namespace

void append_limit_headers(std::string& out, const Limited& limited, protocol::Surface surface,
                          TimePoint now, WallTime wall) {
  if (const auto requests = tightest(limited, &RateLimiter::requests_standing, now)) {
    append(out, *requests, "requests", surface, wall);
  }
  if (const auto tokens = tightest(limited, &RateLimiter::tokens_standing, now)) {
    append(out, *tokens, "tokens", surface, wall);
  }
}

bool is_limit_header(std::string_view name) {
  const auto begins = [name](std::string_view prefix) {
    return name.size() > prefix.size() &&
           equals_ignoring_case(name.substr(0, prefix.size()), prefix);
  };
  return begins("x-ratelimit-") || begins("anthropic-ratelimit-");
}

}  // namespace tidegate::gateway
