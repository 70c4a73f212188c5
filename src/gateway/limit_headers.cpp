#include "gateway/limit_headers.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/text.h"

namespace tidegate::gateway {
namespace {

// Text that is put together in a place that is large enough: with format strings the headers would
// cost more than the limits.
class Line {
 public:
  explicit Line(char* at) : at_(at) {}
  [[nodiscard]] char* end() const { return at_; }
  void add(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void add(std::int64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  // As OpenAI writes it: "120ms", "6m0s", "1h0m2s".
  void add(Duration time) {
    if (time < 1s) {
      add(std::chrono::ceil<std::chrono::milliseconds>(time).count());
      return add("ms");
    }
    const std::int64_t all = std::chrono::ceil<std::chrono::seconds>(time).count();
    if (all >= 3600) {
      add(all / 3600);
      add("h");
    }
    if (all >= 60) {
      add(all / 60 % 60);
      add("m");
    }
    add(all % 60);
    add("s");
  }

 private:
  char* at_;
};

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

// Three names and numbers, the longest: Anthropic's, with a moment.
constexpr std::size_t kMostBytes = 256;

void append(std::string& out, const Standing& standing, const Words& words, bool as_moment,
            WallTime wall) {
  std::array<char, kMostBytes> text;
  Line line(text.data());
  line.add(words.limit);
  line.add(standing.limit);
  line.add(words.remaining);
  line.add(standing.remaining);
  line.add(words.reset);
  if (as_moment) {
    line.add(format_rfc3339(wall + standing.reset));
  } else {
    line.add(standing.reset);
  }
  line.add("\r\n");
  out.append(text.data(), line.end());
}

}  // namespace

void append_limit_headers(std::string& out, const Limited& limited, protocol::Surface surface,
                          TimePoint now, WallTime wall) {
  TightestBounds bounds(now);
  for (const RateLimiter* limiter : limited.request_chain.limiters()) bounds.look_at(*limiter);
  if (limited.target_chain != nullptr) {
    for (const RateLimiter* limiter : limited.target_chain->limiters()) bounds.look_at(*limiter);
  }
  const bool messages = surface == protocol::Surface::messages;
  if (const auto requests = bounds.requests()) {
    append(out, *requests, messages ? kMessagesRequests : kRequests, messages, wall);
  }
  if (const auto tokens = bounds.tokens()) {
    append(out, *tokens, messages ? kMessagesTokens : kTokens, messages, wall);
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
