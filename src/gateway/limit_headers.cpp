#include "gateway/limit_headers.h"

#include <array>
#include <cstring>

#include "base/text.h"

namespace tidegate::gateway {
namespace {

constexpr auto kPairs = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

// Text that is put together in a place that is large enough, from its end to its beginning, as the
// digits of numbers come: with format strings the headers would cost more than the limits.
class Line {
 public:
  explicit Line(char* end) : at_(end) {}
  [[nodiscard]] std::string_view text(const char* end) const { return {at_, end}; }
  void put(std::string_view text) {
    at_ -= text.size();
    std::memcpy(at_, text.data(), text.size());
  }
  void put(std::int64_t number) {
    std::uint64_t rest =
        number < 0 ? -static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    for (; rest >= 10; rest /= 100) put({&kPairs[2 * (rest % 100)], 2});
    if (rest != 0 || number == 0) *--at_ = static_cast<char>('0' + rest);
    if (number < 0) *--at_ = '-';
  }
  // As OpenAI writes it: "120ms", "6m0s", "1h0m2s".
  void put(Duration time) {
    if (time < 1s) {
      put("ms");
      return put(std::chrono::ceil<std::chrono::milliseconds>(time).count());
    }
    const std::int64_t all = std::chrono::ceil<std::chrono::seconds>(time).count();
    put("s");
    put(all % 60);
    if (all < 60) return;
    put("m");
    put(all / 60 % 60);
    if (all < 3600) return;
    put("h");
    put(all / 3600);
  }

 private:
  char* at_;
};

// What stands before the three numbers of a bound.
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

// The words are known where this is compiled, so that copying them takes a few instructions.
template <const Words& words, class Reset>
void append(std::string& out, const Standing& standing, const Reset& reset) {
  std::array<char, kMostBytes> text;
  char* const end = text.data() + text.size();
  Line line(end);
  line.put("\r\n");
  line.put(reset);
  line.put(words.reset);
  line.put(standing.remaining);
  line.put(words.remaining);
  line.put(standing.limit);
  line.put(words.limit);
  out.append(line.text(end));
}

}  // namespace

void append_limit_headers(std::string& out, const Limited& limited, protocol::Surface surface,
                          TimePoint now, WallTime wall) {
  TightestBounds bounds(now);
  for (const RateLimiter* limiter : limited.request_chain.limiters()) bounds.look_at(*limiter);
  if (limited.target_chain != nullptr) {
    for (const RateLimiter* limiter : limited.target_chain->limiters()) bounds.look_at(*limiter);
  }
  const auto requests = bounds.requests(), tokens = bounds.tokens();
  if (surface == protocol::Surface::messages) {
    const auto moment = [wall](Duration reset) { return format_rfc3339(wall + reset); };
    if (requests) append<kMessagesRequests>(out, *requests, moment(requests->reset));
    if (tokens) append<kMessagesTokens>(out, *tokens, moment(tokens->reset));
  } else {
    if (requests) append<kRequests>(out, *requests, requests->reset);
    if (tokens) append<kTokens>(out, *tokens, tokens->reset);
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
