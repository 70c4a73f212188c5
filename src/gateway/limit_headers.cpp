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

void append(std::string& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

// As OpenAI writes it: "120ms", "6m0s", "1h0m2s".
void append_span(std::string& out, Duration time) {
  if (time < 1s) {
    append(out, std::chrono::ceil<std::chrono::milliseconds>(time).count());
    out += "ms";
    return;
  }
  const std::int64_t all = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (all >= 3600) {
    append(out, all / 3600);
    out += 'h';
  }
  if (all >= 60) {
    append(out, all / 60 % 60);
    out += 'm';
  }
  append(out, all % 60);
  out += 's';
}

// Put together by hand: with format strings the headers would cost more than the limits.
void append(std::string& out, const Standing& standing, std::string_view what,
            protocol::Surface surface, WallTime wall) {
  const bool messages = surface == protocol::Surface::messages;
  const auto name = [&](std::string_view field) {
    if (messages) {
      out.append("anthropic-ratelimit-").append(what).append("-").append(field).append(": ");
    } else {
      out.append("x-ratelimit-").append(field).append("-").append(what).append(": ");
    }
  };
  name("limit");
  append(out, standing.limit);
  out += "\r\n";
  name("remaining");
  append(out, standing.remaining);
  out += "\r\n";
  name("reset");
  if (messages) {
    out += format_rfc3339(wall + standing.reset);
  } else {
    append_span(out, standing.reset);
  }
  out += "\r\n";
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
