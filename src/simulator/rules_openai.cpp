#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "simulator/models.h"
#include "simulator/rules.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

constexpr std::array<std::string_view, 6> kRoles{"system",   "assistant", "user",
                                                 "function", "tool",      "developer"};
constexpr std::array<std::string_view, 5> kParts{"text", "image_url", "input_audio", "refusal",
                                                 "file"};

Checked check_message(const Message& message, std::size_t index) {
  if (std::ranges::find(kRoles, message.role) == kRoles.end()) {
    return invalid(fmt::format("Invalid value: '{}'. Supported values are: '{}'.", message.role,
                               fmt::join(kRoles, "', '")),
                   fmt::format("messages[{}].role", index), "invalid_value");
  }
  for (const Part& part : message.other_parts) {
    if (std::ranges::find(kParts, part.type) != kParts.end()) continue;
    return invalid(fmt::format("Invalid value: '{}'. Supported values are: '{}'.", part.type,
                               fmt::join(kParts, "', '")),
                   fmt::format("messages[{}].content[{}].type", index, part.index),
                   "invalid_value");
  }
  if (!message.has_content && (message.role != "assistant" || message.tool_calls.empty())) {
    return invalid("Invalid value for 'content': expected a string, got null.",
                   fmt::format("messages.[{}].content", index));
  }
  return std::nullopt;
}

// Models that think take the limit under its new name only.
bool wants_max_completion_tokens(std::string_view model) {
  return model.starts_with("gpt-5") || model.starts_with("o1") || model.starts_with("o3") ||
         model.starts_with("o4");
}

Checked check_lengths(Provider provider, const ChatRequest& request, Tokens prompt_tokens,
                      const Options& options) {
  const std::string_view name =
      request.max_completion_tokens ? "max_completion_tokens" : "max_tokens";
  if (provider == Provider::openai && request.max_tokens && !request.max_completion_tokens &&
      wants_max_completion_tokens(request.model)) {
    return invalid(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "max_tokens", "unsupported_parameter");
  }
  if (request.max_tokens && *request.max_tokens < 1) {
    return invalid(fmt::format("Invalid '{}': integer below minimum value. Expected a value >= 1, "
                               "but got {} instead.",
                               name, *request.max_tokens),
                   std::string(name), "integer_below_min_value");
  }
  if (request.max_tokens && *request.max_tokens > options.openai_max_output) {
    return invalid(fmt::format("{0} is too large: {1}. This model supports at most {2} completion "
                               "tokens, whereas you provided {1}.",
                               name, *request.max_tokens, options.openai_max_output),
                   std::string(name), "invalid_value");
  }
  if (prompt_tokens <= options.openai_input) return std::nullopt;
  return invalid(fmt::format("Input tokens exceed the configured limit of {} tokens. Your messages "
                             "resulted in {} tokens. Please reduce the length of the messages.",
                             options.openai_input, prompt_tokens),
                 "messages", "context_length_exceeded");
}

}  // namespace

Checked check_openai(const ChatRequest& request, Tokens prompt_tokens, const Options& options,
                     Provider provider) {
  if (options.refuse_unknown_fields && !request.unknown.empty()) {
    return invalid("Unrecognized request argument supplied: " + request.unknown.front().name);
  }
  if (request.model.empty() || request.model.starts_with(kUnknownModelPrefix)) {
    Refusal refusal =
        invalid(fmt::format("The model `{}` does not exist or you do not have access to it.",
                            request.model),
                {}, "model_not_found");
    refusal.status = 404;
    return refusal;
  }
  if (request.messages.empty()) {
    return invalid(
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an "
        "empty array instead.",
        "messages", "empty_array");
  }
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (Checked refusal = check_message(request.messages[i], i)) return refusal;
  }
  if (request.has_stream_options && !request.stream) {
    return invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                   "stream_options");
  }
  const bool chooses = request.tool_choice != ToolChoice::unset;
  if (chooses && request.tools.empty()) {
    return invalid(
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
        "specified.",
        "tool_choice");
  }
  if (provider == Provider::openai) {
    if (Checked refusal = check_sampling(request.temperature, request.top_p)) return refusal;
  }
  for (std::size_t i = 0; provider == Provider::openai && i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    const auto schema = read_value(tool.schema);
    if (!schema) continue;  // none was given
    Checked refusal =
        check_function_schema(&*schema, tool.name, fmt::format("tools[{}].function.parameters", i));
    if (refusal) return refusal;
  }
  if (Checked refusal = check_lengths(provider, request, prompt_tokens, options)) return refusal;
  if (request.response_format == "json_object" && !mentions(request, "json")) {
    return invalid(
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
        "'json_object'.",
        "messages");
  }
  return check_tool_results(request);
}

Checked check_sampling(std::string_view temperature, std::string_view top_p) {
  const auto check = [](std::string_view name, std::string_view value, int most) -> Checked {
    double number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (number >= 0 && number <= most) return std::nullopt;
    const bool below = number < 0;
    return invalid(fmt::format("Invalid '{}': decimal {} value. Expected a value {} {}, but got {} "
                               "instead.",
                               name, below ? "below minimum" : "above maximum",
                               below ? ">=" : "<=", below ? 0 : most, value),
                   std::string(name),
                   below ? "decimal_below_min_value" : "decimal_above_max_value");
  };
  if (Checked refusal = check("temperature", temperature, 2)) return refusal;
  return check("top_p", top_p, 1);
}

Checked check_function_schema(const Value* schema, std::string_view name, std::string param) {
  const Value* type = schema != nullptr ? schema->find("type") : nullptr;
  if (type == nullptr || type->text == "object") return std::nullopt;
  return invalid(fmt::format("Invalid schema for function '{}': schema must be a JSON Schema of "
                             "'type: \"object\"', got 'type: \"{}\"'.",
                             name, type->is_string() ? type->text : type->raw),
                 std::move(param), "invalid_function_parameters");
}

}  // namespace tidegate::simulator
