// Refusal: an answer that is not 200, in the provider's words. Bodies follow fact sheet 1.3 and 1.6
// where it has them, and OpenAI's public error shapes. Plain values, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"
#include "simulator/endpoint.h"
#include "simulator/fault.h"
#include "simulator/request.h"

namespace tidegate::simulator {

struct Refusal {
  int status = 400;
  std::string message = {};
  std::string type = "invalid_request_error";
  std::optional<std::string> param = {};  // null when absent
  std::optional<std::string> code = {};   // null when absent
  // DeepSeek served its reasoning_content error so (fact sheet 1.3): clients must parse it anyway.
  bool octet_stream = false;
  std::string upstream = {};       // OpenRouter: who behind it refused
  std::string upstream_body = {};  // and how
};

// A 400 of OpenAI's kind.
[[nodiscard]] Refusal invalid(std::string message, std::optional<std::string> param = {},
                              std::optional<std::string> code = {});
// A 400 of DeepSeek's kind: its code is always invalid_request_error.
[[nodiscard]] Refusal deepseek_invalid(std::string message);
// "Failed to deserialize the JSON body into the target type: <problem> at line L column C".
[[nodiscard]] Refusal deepseek_deserialize(std::string_view problem, std::string_view body,
                                           std::size_t offset);

[[nodiscard]] Refusal refuse_body(Provider provider, const BodyProblem& problem,
                                  std::string_view body);
// The key: x-api-key's, else the bearer's.
[[nodiscard]] std::string_view find_key(const http::Headers& headers);
// What a provider says of a key: 401 for none or "sk-wrong...", 402 (OpenAI: 429, Anthropic: 400)
// for "sk-broke".
[[nodiscard]] std::optional<Refusal> refuse_key(const Endpoint& endpoint,
                                                const http::Headers& headers, bool require_key);
[[nodiscard]] Refusal refuse_by_fault(const Endpoint& endpoint, const Fault& fault,
                                      std::string_view model);

}  // namespace tidegate::simulator
