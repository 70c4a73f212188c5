// DeepSeek's beta features. The text for a prefix is as reported (QuantumNous/new-api #999); those
// for strict functions and their schemas are ours, as no body is documented (fact sheet 1.2).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/rules.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

constexpr std::array<std::string_view, 4> kUnsupported{"minLength", "maxLength", "minItems",
                                                       "maxItems"};

Checked bad_schema(const Tool& tool, std::string_view what) {
  return deepseek_invalid(
      fmt::format("Invalid tool parameters schema of function '{}': {}", tool.name, what));
}

// Each object names all its properties as required and takes no others.
Checked check_object(const Tool& tool, const Value& schema, const Value& properties) {
  const Value* additional = schema.find("additionalProperties");
  if (additional == nullptr || additional->text != "false") {
    return bad_schema(tool, "additionalProperties must be false in strict mode");
  }
  const Value* required = schema.find("required");
  for (const Member& property : properties.members) {
    const bool named =
        required != nullptr && std::ranges::any_of(required->elements, [&](const Value& name) {
          return name.text == property.name;
        });
    if (!named) {
      return bad_schema(tool, fmt::format("'{}' must be required in strict mode", property.name));
    }
  }
  return std::nullopt;
}

Checked check_schema(const Tool& tool, const Value& schema) {
  for (const std::string_view keyword : kUnsupported) {
    if (schema.find(keyword) == nullptr) continue;
    return bad_schema(tool, fmt::format("'{}' is not supported in strict mode", keyword));
  }
  const Value* properties = schema.find("properties");
  if (properties != nullptr) {
    if (Checked refusal = check_object(tool, schema, *properties)) return refusal;
    for (const Member& property : properties->members) {
      if (Checked refusal = check_schema(tool, property.value)) return refusal;
    }
  }
  if (const Value* items = schema.find("items")) {
    if (Checked refusal = check_schema(tool, *items)) return refusal;
  }
  if (const Value* choices = schema.find("anyOf")) {
    for (const Value& choice : choices->elements) {
      if (Checked refusal = check_schema(tool, choice)) return refusal;
    }
  }
  return std::nullopt;
}

Checked check_strict(const ChatRequest& request, bool beta) {
  if (std::ranges::none_of(request.tools, &Tool::strict)) return std::nullopt;
  if (!beta) return beta_only("strict");
  if (!std::ranges::all_of(request.tools, &Tool::strict)) {
    return deepseek_invalid("All functions must set strict to true when any of them does");
  }
  for (const Tool& tool : request.tools) {
    const auto schema = read_value(tool.schema);
    if (!schema) continue;  // a function without parameters
    if (Checked refusal = check_schema(tool, *schema)) return refusal;
  }
  return std::nullopt;
}

}  // namespace

Refusal beta_only(std::string_view what) {
  return deepseek_invalid(fmt::format(
      "{} is only available when using beta api (set base_url=\"https://api.deepseek.com/beta\")",
      what));
}

Checked check_beta_features(const ChatRequest& request, bool beta) {
  for (const Message& message : request.messages) {
    if (!message.prefix) continue;
    if (!beta) return beta_only("prefix");
    if (&message != &request.messages.back() || message.role != "assistant") {
      return deepseek_invalid("prefix is only valid on a last message of role assistant");
    }
  }
  return check_strict(request, beta);
}

}  // namespace tidegate::simulator
