// What a provider's error means: classified by HTTP status first, since DeepSeek sends the code
// "invalid_request_error" with 400, 401 and 402 alike (fact sheet 1.6), then by the body's words.
// Used by the gateway after a failed attempt. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::protocol {

enum class ErrorClass : std::uint8_t {
  bad_request,           // 400, 422 and other 4xx: wrong for every provider of the dialect
  context_overflow,      // the conversation is too long for this model
  too_large,             // 413: the body is too big for this provider
  authentication,        // 401: our key is bad
  insufficient_balance,  // 402, or 429 and others with quota wording: our account is empty
  permission,            // 403: our key may not do this
  not_found,             // 404: the provider has no such model or path
  rate_limited,          // 429
  conflict,              // 409, 425: the same request may succeed at once
  timeout,               // 408, 504 and 524
  overloaded,            // 503, 529
  server_error,          // other 5xx
  unexpected,            // not an error status at all, such as a redirect
};
[[nodiscard]] std::string_view name(ErrorClass error_class);

// What may be done about it.
struct ErrorPolicy {
  bool retryable = false;          // the same request at the same target, after a pause
  bool provider_at_fault = false;  // counts against the provider's health
  bool try_fallback = false;       // another target may do better
};
[[nodiscard]] ErrorPolicy policy(ErrorClass error_class);

struct ProviderError {
  ErrorClass error_class = ErrorClass::unexpected;
  std::string message;  // one line for the user, at most kMaxMessage bytes, without keys
  std::string type;     // as sent; empty when there was none
  std::string code;
};

inline constexpr std::size_t kMaxMessage = 500;

// Understands the shapes of OpenAI, of OpenRouter (the provider's error in metadata.raw), of
// {code,message,data}, {detail}, {error:"text"}, and plain text and HTML, whatever the content type
// said. `status` below 300 means an error that came inside a good answer: then the body's code and
// type stand in for the status.
[[nodiscard]] ProviderError read_error(int status, std::string_view body);

// Whether clients of these surfaces can read it as it is: an object with an object "error". Gemini
// wraps its own in an array, proxies answer with HTML.
[[nodiscard]] bool is_error_object(std::string_view body);

}  // namespace tidegate::protocol
