#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/models.h"
#include "simulator/rules.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

constexpr std::array<std::string_view, 5> kRoles{"system", "user", "assistant", "tool",
                                                 "latest_reminder"};
// The four current levels and the names that are mapped to them (fact sheet 1.2).
constexpr std::array<std::string_view, 8> kEfforts{"none", "minimal", "low", "medium",
                                                   "high", "xhigh",   "max", "ultra"};

std::string quoted(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    out += fmt::format("{}`{}`", out.empty() ? "" : ", ", name);
  }
  return out;
}

Checked check_message(const Message& message, std::size_t index, std::string_view body) {
  if (std::ranges::find(kRoles, message.role) == kRoles.end()) {
    return deepseek_deserialize(fmt::format("messages[{}].role: unknown variant `{}`, expected one "
                                            "of {}",
                                            index, message.role, quoted(kRoles)),
                                body, message.role_end);
  }
  for (const Part& part : message.other_parts) {
    if (part.type == "image_url") continue;
    return deepseek_deserialize(
        fmt::format("messages[{}].content[{}].type: unknown variant `{}`, expected `text` or "
                    "`image_url`",
                    index, part.index, part.type),
        body, part.type_end);
  }
  if (!message.has_content && message.tool_calls.empty()) {
    return deepseek_invalid(fmt::format(
        "Invalid assistant message at index {}: content or tool_calls must be set", index));
  }
  return std::nullopt;
}

Checked check_tools(const ChatRequest& request, std::string_view body) {
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.type == "function") continue;
    return deepseek_deserialize(
        fmt::format("tools[{}].type: unknown variant `{}`, expected `function`", i, tool.type),
        body, tool.type_end);
  }
  const bool forced =
      request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  if (forced && is_thinking(request)) {
    return deepseek_invalid("Thinking mode does not support this tool_choice");
  }
  return std::nullopt;
}

Checked check_lengths(const ChatRequest& request, Tokens prompt_tokens, const Options& options) {
  const Tokens completion = request.max_tokens.value_or(0);
  if (request.max_tokens && (completion < 1 || completion > options.deepseek_max_output)) {
    return deepseek_invalid(
        fmt::format("Invalid max_tokens value, the valid range of max_tokens is [1, {}]",
                    options.deepseek_max_output));
  }
  if (prompt_tokens + completion <= options.deepseek_context) return std::nullopt;
  return deepseek_invalid(fmt::format(
      "This model's maximum context length is {} tokens. However, you requested {} tokens ({} in "
      "the messages, {} in the completion). Please reduce the length of the messages or "
      "completion.",
      options.deepseek_context, prompt_tokens + completion, prompt_tokens, completion));
}

Checked check_format(const ChatRequest& request) {
  if (request.response_format.empty() || request.response_format == "text") return std::nullopt;
  if (request.response_format != "json_object") {
    return deepseek_invalid("This response_format type is unavailable now");
  }
  if (mentions(request, "json")) return std::nullopt;
  return deepseek_invalid(
      "Prompt must contain the word 'json' in some form to use 'response_format' of type "
      "'json_object'.");
}

}  // namespace

// Fact sheet 1.3, items 3 and 5: with `tools`, every earlier assistant turn must bring its
// reasoning_content back; without, those that called a tool must.
Checked check_reasoning_returned(const ChatRequest& request, const Options& options) {
  for (const Message& message : request.messages) {
    const bool needed = message.role == "assistant" && !message.prefix &&
                        (!request.tools.empty() || !message.tool_calls.empty());
    if (!needed) continue;
    if (message.reasoning && !(options.refuse_empty_reasoning && message.reasoning->empty())) {
      continue;
    }
    Refusal refusal = deepseek_invalid(
        "The `reasoning_content` in the thinking mode must be passed back to the API.");
    refusal.octet_stream = true;
    return refusal;
  }
  return std::nullopt;
}

Checked check_deepseek(const ChatRequest& request, std::string_view body, Tokens prompt_tokens,
                       const Options& options, bool beta) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (Checked refusal = check_message(request.messages[i], i, body)) return refusal;
  }
  if (request.effort && std::ranges::find(kEfforts, *request.effort) == kEfforts.end()) {
    Refusal refusal = deepseek_deserialize(
        fmt::format("reasoning_effort: unknown variant `{}`, expected one of {}", *request.effort,
                    quoted(kEfforts)),
        body, request.effort_end);
    refusal.status = 422;
    return refusal;
  }
  if (std::ranges::find(kDeepseekModels, request.model) == kDeepseekModels.end()) {
    return deepseek_invalid("Model Not Exist");
  }
  if (request.messages.empty()) return deepseek_invalid("Empty input messages");
  if (request.has_stream_options && !request.stream) {
    return deepseek_invalid("stream_options should be set along with stream = true");
  }
  if (Checked refusal = check_tools(request, body)) return refusal;
  if (Checked refusal = check_beta_features(request, beta)) return refusal;
  if (Checked refusal = check_lengths(request, prompt_tokens, options)) return refusal;
  if (Checked refusal = check_format(request)) return refusal;
  if (Checked refusal = check_tool_results(request)) {
    return deepseek_invalid(std::move(refusal->message));
  }
  if (!is_thinking(request)) return std::nullopt;
  return check_reasoning_returned(request, options);
}

}  // namespace tidegate::simulator
