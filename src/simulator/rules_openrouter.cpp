#include <fmt/format.h>

#include <algorithm>

#include "simulator/chat_profile.h"
#include "simulator/error_shape.h"
#include "simulator/messages_rules.h"
#include "simulator/rules.h"
#include "simulator/seal.h"
#include "simulator/tool_plan.h"

namespace tidegate::simulator {
namespace {

constexpr Endpoint kDeepseekChat{Provider::deepseek, Operation::chat};
constexpr Endpoint kAnthropicMessages{Provider::anthropic, Operation::messages};

// What the provider behind it answered, as OpenRouter passes it on.
Refusal pass_on(const Endpoint& upstream, std::string_view name, const Refusal& refusal) {
  Refusal outer = invalid("Provider returned error");
  outer.status = refusal.status;
  outer.upstream = name;
  outer.upstream_body = error_body(upstream, refusal, 0);
  return outer;
}

// The text and signature of each reasoning.text in a message's details.
bool details_are_genuine(const Message& message, std::string_view model) {
  const auto details = read_value(message.reasoning_details);
  if (!details) return true;
  return std::ranges::all_of(details->elements, [&](const Value& detail) {
    if (detail.text_of("type") == "reasoning.encrypted") {
      if (is_gemini_dummy(detail.text_of("data")) && upstream_of(model) == "google") return true;
      return open_seal(kThoughtMark, model, "", detail.text_of("data")).has_value();
    }
    return detail.find("signature") == nullptr ||
           open_seal(kSignatureMark, model, detail.text_of("text"), detail.text_of("signature"));
  });
}

}  // namespace

std::optional<Refusal> check_openrouter(const ChatRequest& request, const Options& options) {
  const std::string_view upstream = upstream_of(request.model);
  if (!thinks(Provider::openrouter, request)) return std::nullopt;
  if (upstream == "deepseek") {
    const auto refusal = check_reasoning_returned(request, options);
    if (refusal) return pass_on(kDeepseekChat, "DeepSeek", *refusal);
  }
  const std::size_t turn = turn_begin(request);
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (message.role != "assistant") continue;
    if (upstream == "google" && i >= turn && !message.tool_calls.empty() &&
        message.reasoning_details.empty()) {
      return invalid(
          "Gemini models require OpenRouter reasoning details to be preserved in each request. "
          "Please refer to our docs: "
          "https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks.");
    }
    if (message.reasoning_details.empty() || details_are_genuine(message, request.model)) continue;
    if (upstream == "google") return invalid("Thought signature is not valid.");
    if (upstream != "anthropic") continue;  // others do not look at it
    return pass_on(
        kAnthropicMessages, "Anthropic",
        invalid(fmt::format("messages.{}.content.0: Invalid `signature` in `thinking` block", i)));
  }
  return std::nullopt;
}

}  // namespace tidegate::simulator
