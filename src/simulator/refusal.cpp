#include "simulator/refusal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "simulator/error_shape.h"

namespace tidegate::simulator {
namespace {

std::string_view bearer_key(std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer ";
  if (!equals_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) return {};
  return trim(authorization.substr(kBearer.size()));
}

std::string_view tail(std::string_view key) {
  return key.substr(key.size() - std::min<std::size_t>(4, key.size()));
}

Refusal openai_key_refusal(std::string_view key) {
  if (key.empty()) {
    return {.status = 401,
            .message =
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer "
                "YOUR_KEY).",
            .param = {},
            .code = {}};
  }
  return {
      .status = 401,
      .message = fmt::format("Incorrect API key provided: {}****{}. You can find your API key at "
                             "https://platform.openai.com/account/api-keys.",
                             key.substr(0, 8), tail(key)),
      .param = {},
      .code = "invalid_api_key"};
}

Refusal deepseek_key_refusal(std::string_view key) {
  Refusal refusal = deepseek_invalid(
      key.empty()
          ? std::string("Authentication Fails (auth header format should be Bearer sk-...)")
          : fmt::format("Authentication Fails, Your api key: ****{} is invalid", tail(key)));
  refusal.status = 401;
  refusal.type = "authentication_error";
  return refusal;
}

// Anthropic's words and types (platform.claude.com/docs/en/api/errors).
Refusal messages_key_refusal(std::string_view key) {
  return {.status = 401,
          .message = key.empty() ? "x-api-key header is required" : "invalid x-api-key",
          .type = "authentication_error"};
}

Refusal messages_refusal_by_status(int status) {
  Refusal refusal{.status = status, .message = fmt::format("Simulated error {}.", status)};
  switch (status) {
    case 401:
      return messages_key_refusal("sk-wrong");
    case 403:
      refusal.type = "permission_error";
      break;
    case 404:
      refusal.type = "not_found_error";
      break;
    case 413:
      refusal.type = "request_too_large";
      refusal.message = "Request exceeds the maximum size";
      break;
    case 429:
      refusal.type = "rate_limit_error";
      refusal.message = "This request would exceed your organization's rate limit.";
      break;
    case 529:
      refusal.type = "overloaded_error";
      refusal.message = "Overloaded";
      break;
    default:
      if (status >= 500) {
        refusal.type = "api_error";
        refusal.message = "Internal server error";
      }
  }
  return refusal;
}

Refusal no_money(const Endpoint& endpoint) {
  if (speaks_messages(endpoint)) {
    return invalid(
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing "
        "to upgrade or purchase credits.");
  }
  if (endpoint.provider == Provider::deepseek) {
    Refusal refusal = deepseek_invalid("Insufficient Balance");
    refusal.status = 402;
    refusal.type = "unknown_error";
    return refusal;
  }
  return {.status = 429,
          .message = "You exceeded your current quota, please check your plan and billing details.",
          .type = "insufficient_quota",
          .param = {},
          .code = "insufficient_quota"};
}

}  // namespace

Refusal invalid(std::string message, std::optional<std::string> param,
                std::optional<std::string> code) {
  return {.message = std::move(message), .param = std::move(param), .code = std::move(code)};
}

Refusal deepseek_invalid(std::string message) {
  return invalid(std::move(message), {}, "invalid_request_error");
}

Refusal deepseek_deserialize(std::string_view problem, std::string_view body, std::size_t offset) {
  const std::string_view before = body.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return deepseek_invalid(
      fmt::format("Failed to deserialize the JSON body into the target type: {} at line {} "
                  "column {}",
                  problem, line, before.size() - line_begin));
}

Refusal refuse_body(Provider provider, const BodyProblem& problem, std::string_view body) {
  const bool deepseek = provider == Provider::deepseek;
  switch (problem.kind) {
    case BodyProblem::Kind::malformed:
      return deepseek
                 ? deepseek_invalid("Failed to parse the request body as JSON: " + problem.expected)
                 : invalid("We could not parse the JSON body of your request. (HINT: " +
                           problem.expected + ")");
    case BodyProblem::Kind::missing:
      return deepseek ? deepseek_deserialize(fmt::format("missing field `{}`", problem.field), body,
                                             problem.offset)
                      : invalid(fmt::format("Missing required parameter: '{}'.", problem.field),
                                problem.field, "missing_required_parameter");
    case BodyProblem::Kind::wrong_type:
      break;
  }
  if (deepseek) {
    return deepseek_deserialize(fmt::format("{}: invalid type: {}, expected {}", problem.field,
                                            problem.got, problem.expected),
                                body, problem.offset);
  }
  return invalid(fmt::format("Invalid type for '{}': expected {}, but got {} instead.",
                             problem.field, problem.expected, problem.got),
                 problem.field, "invalid_type");
}

std::string_view find_key(const http::Headers& headers) {
  const std::string_view key = trim(headers.find("x-api-key"));
  return key.empty() ? bearer_key(headers.find("authorization")) : key;
}

std::optional<Refusal> refuse_key(const Endpoint& endpoint, const http::Headers& headers,
                                  bool require_key) {
  const std::string_view key = find_key(headers);
  const bool wrong = key.starts_with("sk-wrong");
  if (key == "sk-broke") return no_money(endpoint);
  if (key.empty() ? !require_key : !wrong) return std::nullopt;
  if (speaks_messages(endpoint)) return messages_key_refusal(key);
  return endpoint.provider == Provider::deepseek ? deepseek_key_refusal(key)
                                                 : openai_key_refusal(key);
}

// DeepSeek documents no body for these; message and type are ours (fact sheet 1.6, unverified).
Refusal refuse_by_fault(const Endpoint& endpoint, const Fault& fault, std::string_view model) {
  if (speaks_messages(endpoint)) return messages_refusal_by_status(fault.status);
  Refusal refusal{.status = fault.status, .message = {}, .param = {}, .code = {}};
  const bool deepseek = endpoint.provider == Provider::deepseek;
  switch (fault.status) {
    case 401:
      return deepseek ? deepseek_key_refusal("sk-wrong") : openai_key_refusal("sk-wrong");
    case 402:
      return no_money({Provider::deepseek, Operation::chat});
    case 429:
      refusal.message = deepseek ? "Rate limit reached: too many concurrent requests"
                                 : fmt::format(
                                       "Rate limit reached for {} on requests per min "
                                       "(RPM): Limit 500, Used 500, Requested 1.",
                                       model);
      refusal.type = deepseek ? "rate_limit_error" : "requests";
      refusal.code = "rate_limit_exceeded";
      return refusal;
    case 503:
      refusal.message = deepseek ? "Server overloaded, please try again later"
                                 : "The engine is currently overloaded, please try again later";
      refusal.type = "service_unavailable_error";
      return refusal;
    default:
      break;
  }
  refusal.message =
      fault.status < 500
          ? fmt::format("Simulated error {}.", fault.status)
          : "The server had an error while processing your request. Sorry about that!";
  if (fault.status >= 500) refusal.type = "server_error";
  return refusal;
}

}  // namespace tidegate::simulator
