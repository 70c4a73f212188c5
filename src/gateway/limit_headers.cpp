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

// What stands before the three numbers of a bound, and after them.
struct Words {
  std::string_view limit, remaining, reset;
};
constexpr Words kRequests{"x-ratelimit-limit-requests: ", "\r\nx-ratelimit-remaining-requests: ",
                          "\r\nx-ratelimit-reset-requests: "};
constexpr Words kTokens{"x-ratelimit-limit-tokens: ", "\r\nx-ratelimit-remaining-tokens: ",
                        "\r\nx-ratelimit-reset-tokens: "};
constexpr Words kMessagesRequests{
    "anthropic-ratelimit-requests-limit: ", "\r\nanthropic-ratelimit-requests-remaining: ",
    "\r\nanthropic-ratelimit-requests-reset: "};
constexpr Words kMessagesTokens{
    "anthropic-ratelimit-tokens-limit: ", "\r\nanthropic-ratelimit-tokens-remaining: ",
    "\r\nanthropic-ratelimit-tokens-reset: "};

// Put together by hand: with format strings the headers would cost more than the limits.
void append(std::string& out, const Standing& standing, const Words& words) {
  out += words.limit;
  append(out, standing.limit);
  out += words.remaining;
  append(out, standing.remaining);
  out += words.reset;
}

}  // namespace

void append_limit_headers(std::string& out, const Limited& limited, protocol::Surface surface,
                          TimePoint now, WallTime wall) {
  const bool messages = surface == protocol::Surface::messages;
  const auto say = [&](const std::optional<Standing>& standing, const Words& words) {
    if (!standing) return;
    append(out, *standing, words);
    if (messages) {
      out += format_rfc3339(wall + standing->reset);
    } else {
      append_span(out, standing->reset);
    }
    out += "\r\n";
  };
  say(tightest(limited, &RateLimiter::requests_standing, now),
      messages ? kMessagesRequests : kRequests);
  say(tightest(limited, &RateLimiter::tokens_standing, now), messages ? kMessagesTokens : kTokens);
}

bool is_limit_header(std::string_view name) {
  const auto begins = [name](std::string_view prefix) {
    return name.size() > prefix.size() &&
           equals_ignoring_case(name.substr(0, prefix.size()), prefix);
  };
  return begins("x-ratelimit-") || begins("anthropic-ratelimit-");
}

}  // namespace tidegate::gateway
