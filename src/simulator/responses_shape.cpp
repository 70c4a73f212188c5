#include "simulator/responses_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "simulator/models.h"
#include "simulator/rules.h"

namespace tidegate::simulator {
namespace {

using json::Kind;
using Checked = std::optional<Refusal>;
using Names = std::span<const std::string_view>;

struct Field {
  std::string_view name;
  Kind kind = Kind::other;  // other: any
  bool required = false;
};

constexpr Field kTop[] = {{"model", Kind::string},
                          {"input"},
                          {"instructions"},
                          {"previous_response_id", Kind::string},
                          {"conversation"},
                          {"store", Kind::boolean},
                          {"stream", Kind::boolean},
                          {"stream_options", Kind::object},
                          {"background", Kind::boolean},
                          {"include", Kind::array},
                          {"max_output_tokens", Kind::number},
                          {"max_tool_calls", Kind::number},
                          {"metadata", Kind::object},
                          {"parallel_tool_calls", Kind::boolean},
                          {"prompt", Kind::object},
                          {"prompt_cache_key", Kind::string},
                          {"prompt_cache_retention", Kind::string},
                          {"reasoning", Kind::object},
                          {"safety_identifier", Kind::string},
                          {"service_tier", Kind::string},
                          {"temperature", Kind::number},
                          {"text", Kind::object},
                          {"tool_choice"},
                          {"tools", Kind::array},
                          {"top_logprobs", Kind::number},
                          {"top_p", Kind::number},
                          {"truncation", Kind::string},
                          {"user", Kind::string},
                          {"context_management"}};
constexpr Field kReasoningOptions[] = {
    {"effort", Kind::string}, {"summary", Kind::string}, {"generate_summary", Kind::string}};
constexpr Field kTextOptions[] = {{"format", Kind::object}, {"verbosity", Kind::string}};
constexpr Field kFormat[] = {{"type", Kind::string, true},
                             {"name", Kind::string},
                             {"schema", Kind::object},
                             {"description", Kind::string},
                             {"strict", Kind::boolean}};
constexpr Field kFunctionTool[] = {{"type", Kind::string, true},
                                   {"name", Kind::string, true},
                                   {"description", Kind::string},
                                   {"parameters", Kind::object},
                                   {"strict", Kind::boolean}};
constexpr Field kCustomTool[] = {{"type", Kind::string, true},
                                 {"name", Kind::string, true},
                                 {"description", Kind::string},
                                 {"format", Kind::object}};
constexpr Field kMessage[] = {{"type", Kind::string},       {"id", Kind::string},
                              {"role", Kind::string, true}, {"content", Kind::other, true},
                              {"status", Kind::string},     {"phase", Kind::string}};
constexpr Field kReasoning[] = {{"type", Kind::string, true},        {"id", Kind::string, true},
                                {"summary", Kind::array, true},      {"content", Kind::array},
                                {"encrypted_content", Kind::string}, {"status", Kind::string}};
constexpr Field kFunctionCall[] = {{"type", Kind::string, true},      {"id", Kind::string},
                                   {"call_id", Kind::string, true},   {"name", Kind::string, true},
                                   {"arguments", Kind::string, true}, {"status", Kind::string},
                                   {"namespace", Kind::string}};
constexpr Field kCallOutput[] = {{"type", Kind::string, true},
                                 {"id", Kind::string},
                                 {"call_id", Kind::string, true},
                                 {"output", Kind::other, true},
                                 {"status", Kind::string}};
constexpr Field kCustomCall[] = {{"type", Kind::string, true},    {"id", Kind::string},
                                 {"call_id", Kind::string, true}, {"name", Kind::string, true},
                                 {"input", Kind::string, true},   {"status", Kind::string},
                                 {"namespace", Kind::string}};
constexpr Field kReference[] = {{"type", Kind::string}, {"id", Kind::string, true}};

struct ItemType {
  std::string_view type;
  std::span<const Field> fields;
  std::string_view id_begins;
};
constexpr ItemType kItems[] = {{"message", kMessage, "msg"},
                               {"reasoning", kReasoning, "rs"},
                               {"function_call", kFunctionCall, "fc"},
                               {"function_call_output", kCallOutput, "fc"},
                               {"custom_tool_call", kCustomCall, "ctc"},
                               {"custom_tool_call_output", kCallOutput, "ctc"},
                               {"item_reference", kReference, ""}};
// Of tools that the provider runs; their fields are not looked at.
constexpr std::array<std::string_view, 9> kHostedItems{"web_search_call",
                                                       "file_search_call",
                                                       "computer_call",
                                                       "computer_call_output",
                                                       "image_generation_call",
                                                       "code_interpreter_call",
                                                       "local_shell_call",
                                                       "mcp_call",
                                                       "compaction"};
constexpr std::array<std::string_view, 9> kHostedTools{
    "web_search",           "web_search_preview", "file_search",
    "computer_use_preview", "code_interpreter",   "mcp",
    "image_generation",     "local_shell",        "shell"};
constexpr std::array<std::string_view, 4> kRoles{"assistant", "system", "developer", "user"};
constexpr std::array<std::string_view, 4> kInputParts{"input_text", "input_image", "input_file",
                                                      "input_audio"};
constexpr std::array<std::string_view, 2> kOutputParts{"output_text", "refusal"};
constexpr std::array<std::string_view, 6> kEfforts{"none",   "minimal", "low",
                                                   "medium", "high",    "xhigh"};
constexpr std::array<std::string_view, 3> kSummaries{"auto", "concise", "detailed"};
constexpr std::array<std::string_view, 3> kFormats{"text", "json_object", "json_schema"};
constexpr std::array<std::string_view, 7> kIncludes{
    "reasoning.encrypted_content",   "message.output_text.logprobs",
    "file_search_call.results",      "web_search_call.action.sources",
    "message.input_image.image_url", "computer_call_output.output.image_url",
    "code_interpreter_call.outputs"};

bool has(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// "Supported values are: 'a', 'b', and 'c'."
Refusal bad_value(std::string_view value, Names supported, std::string param) {
  std::string list;
  for (std::size_t i = 0; i < supported.size(); ++i) {
    const bool last = i + 1 == supported.size();
    const std::string_view joint = i == 0 ? "" : !last ? ", " : i == 1 ? " and " : ", and ";
    list += fmt::format("{}'{}'", joint, supported[i]);
  }
  return invalid(fmt::format("Invalid value: '{}'. Supported values are: {}.", value, list),
                 std::move(param), "invalid_value");
}

Checked check_choice(const Value* value, Names supported, std::string param) {
  if (value == nullptr || has(supported, value->text)) return std::nullopt;
  return bad_value(value->text, supported, std::move(param));
}

Checked check_object(const Value& value, const std::string& path, std::span<const Field> fields) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (!value.is_object()) {
    return invalid(fmt::format("Invalid type for '{}': expected an object, but got {} instead.",
                               path, kind_name(value.kind)),
                   path, "invalid_type");
  }
  for (const auto& [name, member] : value.members) {
    if (std::ranges::find(fields, name, &Field::name) != fields.end()) continue;
    return invalid(fmt::format("Unknown parameter: '{}{}'.", prefix, name), prefix + name,
                   "unknown_parameter");
  }
  for (const Field& field : fields) {
    const std::string where = prefix + std::string(field.name);
    const Value* member = value.find(field.name);
    if (member == nullptr && field.required) {
      return invalid(fmt::format("Missing required parameter: '{}'.", where), where,
                     "missing_required_parameter");
    }
    if (member == nullptr || field.kind == Kind::other || member->is(field.kind)) continue;
    return invalid(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", where,
                               kind_name(field.kind), kind_name(member->kind)),
                   where, "invalid_type");
  }
  return std::nullopt;
}

Checked check_name(const Value& object, std::string_view member, const std::string& path) {
  const std::string_view name = object.text_of(member);
  const bool good = !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
  if (good) return std::nullopt;
  const std::string where = fmt::format("{}.{}", path, member);
  return invalid(fmt::format("Invalid '{}': string does not match pattern. Expected a string that "
                             "matches the pattern '^[a-zA-Z0-9_-]+$'.",
                             where),
                 where, "invalid_value");
}

// What "strict" demands of a schema, in its outermost object.
Checked check_strict(const Value* schema, std::string_view name, std::string_view what,
                     const std::string& param, std::string_view code) {
  if (schema == nullptr) return std::nullopt;
  const auto bad = [&](std::string_view problem) {
    return invalid(
        fmt::format("Invalid schema for {} '{}': In context=(), {}", what, name, problem), param,
        std::string(code));
  };
  const Value* more = schema->find("additionalProperties");
  if (more == nullptr || more->is_true() || !more->is(Kind::boolean)) {
    return bad("'additionalProperties' is required to be supplied and to be false.");
  }
  const Value* properties = schema->find("properties");
  const Value* required = schema->find("required");
  for (std::size_t i = 0; properties != nullptr && i < properties->members.size(); ++i) {
    const std::string& key = properties->members[i].name;
    if (required != nullptr &&
        std::ranges::find(required->elements, key, &Value::text) != required->elements.end()) {
      continue;
    }
    return bad(
        fmt::format("'required' is required to be supplied and to be an array including "
                    "every key in properties. Missing '{}'.",
                    key));
  }
  return std::nullopt;
}

Checked check_parts(const Value& content, const std::string& path, Names supported) {
  if (content.is_string()) return std::nullopt;
  if (!content.is_array()) {
    return invalid(fmt::format("Invalid type for '{}': expected one of a string or an array, but "
                               "got {} instead.",
                               path, kind_name(content.kind)),
                   path, "invalid_type");
  }
  for (std::size_t i = 0; i < content.elements.size(); ++i) {
    const Value* type = content.elements[i].find("type");
    const std::string where = fmt::format("{}[{}]", path, i);
    if (type == nullptr) {
      return invalid(fmt::format("Missing required parameter: '{}.type'.", where), where + ".type",
                     "missing_required_parameter");
    }
    if (auto refusal = check_choice(type, supported, where)) return refusal;
  }
  return std::nullopt;
}

Checked check_item(const Value& item, const std::string& path) {
  if (!item.is_object()) return check_object(item, path, {});
  const Value* given = item.find("type");
  const std::string_view type = given != nullptr    ? std::string_view(given->text)
                                : item.find("role") ? "message"
                                                    : "item_reference";
  if (has(kHostedItems, type)) return std::nullopt;
  const auto known = std::ranges::find(kItems, type, &ItemType::type);
  if (known == std::end(kItems)) {
    std::vector<std::string_view> names;
    for (const ItemType& each : kItems) names.push_back(each.type);
    return bad_value(type, names, path);
  }
  if (auto refusal = check_object(item, path, known->fields)) return refusal;
  const std::string_view id = item.text_of("id");
  if (!id.empty() && !id.starts_with(known->id_begins)) {
    return invalid(fmt::format("Invalid '{}.id': '{}'. Expected an ID that begins with '{}'.", path,
                               id, known->id_begins),
                   path + ".id", "invalid_value");
  }
  const std::string_view call = item.text_of("call_id");
  if (call.size() > 64) {
    return invalid(fmt::format("Invalid '{}.call_id': string too long. Expected a string with "
                               "maximum length 64, but got a string with length {} instead.",
                               path, call.size()),
                   path + ".call_id", "string_above_max_length");
  }
  if (type == "function_call") return check_name(item, "name", path);
  if (const Value* output = item.find("output")) {
    return check_parts(*output, path + ".output", kInputParts);
  }
  if (type != "message") return std::nullopt;
  if (auto refusal = check_choice(item.find("role"), kRoles, path + ".role")) return refusal;
  const bool assistant = item.text_of("role") == "assistant";
  return check_parts(*item.find("content"), path + ".content",
                     assistant ? Names(kOutputParts) : kInputParts);
}

Checked check_tool(const Value& tool, const std::string& path) {
  const std::string_view type = tool.text_of("type");
  if (has(kHostedTools, type)) return std::nullopt;
  if (type == "custom") return check_object(tool, path, kCustomTool);
  if (type != "function") {
    constexpr std::array<std::string_view, 2> kTypes{"function", "custom"};
    return bad_value(type, kTypes, path + ".type");
  }
  // Chat's nesting is the usual mistake, and the API names what it misses first.
  if (tool.find("name") == nullptr) {
    return invalid(fmt::format("Missing required parameter: '{}.name'.", path), path + ".name",
                   "missing_required_parameter");
  }
  if (auto refusal = check_object(tool, path, kFunctionTool)) return refusal;
  if (auto refusal = check_name(tool, "name", path)) return refusal;
  if (auto refusal = check_function_schema(tool.find("parameters"), tool.text_of("name"),
                                           path + ".parameters")) {
    return refusal;
  }
  if (tool.find("strict") == nullptr || !tool.find("strict")->is_true()) return std::nullopt;
  return check_strict(tool.find("parameters"), tool.text_of("name"), "function",
                      path + ".parameters", "invalid_function_parameters");
}

Checked check_tool_choice(const Value& body) {
  const Value* choice = body.find("tool_choice");
  if (choice == nullptr) return std::nullopt;
  constexpr std::array<std::string_view, 3> kModes{"none", "auto", "required"};
  if (choice->is_string()) return check_choice(choice, kModes, "tool_choice");
  const std::string_view name = choice->text_of("name");
  if (name.empty()) return std::nullopt;
  const Value* tools = body.find("tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->elements.size(); ++i) {
    if (tools->elements[i].text_of("name") == name) return std::nullopt;
  }
  return invalid(fmt::format("Tool choice '{}' not found in 'tools' parameter.", name),
                 "tool_choice");
}

Checked check_format(const Value& body) {
  const Value* text = body.find("text");
  if (text == nullptr) return std::nullopt;
  if (auto refusal = check_object(*text, "text", kTextOptions)) return refusal;
  const Value* format = text->find("format");
  if (format == nullptr) return std::nullopt;
  if (auto refusal = check_object(*format, "text.format", kFormat)) return refusal;
  if (auto refusal = check_choice(format->find("type"), kFormats, "text.format.type")) {
    return refusal;
  }
  if (format->text_of("type") != "json_schema") return std::nullopt;
  for (const std::string_view name : {"name", "schema"}) {
    if (format->find(name) != nullptr) continue;
    return invalid(fmt::format("Missing required parameter: 'text.format.{}'.", name),
                   fmt::format("text.format.{}", name), "missing_required_parameter");
  }
  if (format->find("strict") == nullptr || !format->find("strict")->is_true()) return std::nullopt;
  return check_strict(format->find("schema"), format->text_of("name"), "response_format",
                      "text.format.schema", "invalid_json_schema");
}

Refusal unsupported(std::string_view parameter) {
  return invalid(
      fmt::format("Unsupported parameter: '{}' is not supported with this model.", parameter),
      std::string(parameter), "unsupported_parameter");
}

Checked check_reasoning(const Value& body, std::string_view model) {
  const Value* reasoning = body.find("reasoning");
  if (reasoning != nullptr) {
    if (auto refusal = check_object(*reasoning, "reasoning", kReasoningOptions)) return refusal;
    if (auto refusal = check_choice(reasoning->find("effort"), kEfforts, "reasoning.effort")) {
      return refusal;
    }
    if (auto refusal = check_choice(reasoning->find("summary"), kSummaries, "reasoning.summary")) {
      return refusal;
    }
    for (const std::string_view name : {"effort", "summary"}) {
      if (reasoning->find(name) != nullptr && !is_reasoning_model(model)) {
        return unsupported(fmt::format("reasoning.{}", name));
      }
    }
  }
  const Value* include = body.find("include");
  for (std::size_t i = 0; include != nullptr && i < include->elements.size(); ++i) {
    const Value& wanted = include->elements[i];
    if (auto refusal = check_choice(&wanted, kIncludes, fmt::format("include[{}]", i))) {
      return refusal;
    }
    if (wanted.text == kIncludes[0] && !is_reasoning_model(model)) {
      return invalid("Encrypted content is not supported with this model.", "include");
    }
  }
  if (!thinks(body, model)) return std::nullopt;
  for (const std::string_view name : {"temperature", "top_p", "top_logprobs"}) {
    if (body.find(name) != nullptr) return unsupported(name);
  }
  return std::nullopt;
}

Checked check_numbers(const Value& body) {
  const auto raw = [&](std::string_view name) {
    const Value* value = body.find(name);
    return value != nullptr ? value->raw : std::string_view();
  };
  if (auto refusal = check_sampling(raw("temperature"), raw("top_p"))) return refusal;
  const Value* most = body.find("max_output_tokens");
  if (most == nullptr) return std::nullopt;
  if (!most->is_integer()) {
    return invalid(
        "Invalid type for 'max_output_tokens': expected an integer, but got a number "
        "instead.",
        "max_output_tokens", "invalid_type");
  }
  if (most->integer() >= 16) return std::nullopt;
  return invalid(fmt::format("Invalid 'max_output_tokens': integer below minimum value. Expected a "
                             "value >= 16, but got {} instead.",
                             most->integer()),
                 "max_output_tokens", "integer_below_min_value");
}

}  // namespace

bool is_reasoning_model(std::string_view model) {
  return model.starts_with("gpt-5") || model.starts_with("o1") || model.starts_with("o3") ||
         model.starts_with("o4");
}

bool thinks(const Value& body, std::string_view model) {
  const Value* reasoning = body.find("reasoning");
  const bool off = reasoning != nullptr && reasoning->text_of("effort") == "none";
  return is_reasoning_model(model) && !off;
}

std::optional<Refusal> check_responses_shape(const Value& body, std::string_view model) {
  if (auto refusal = check_object(body, "", kTop)) return refusal;
  if (model.empty()) {
    return invalid("Missing required parameter: 'model'.", "model", "missing_required_parameter");
  }
  if (model.starts_with(kUnknownModelPrefix)) {
    return invalid(fmt::format("The requested model '{}' does not exist.", model), "model",
                   "model_not_found");
  }
  const Value* input = body.find("input");
  if (input == nullptr && body.find("previous_response_id") == nullptr) {
    return invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  if (input != nullptr && !input->is_string() && !input->is_array()) {
    return invalid(fmt::format("Invalid type for 'input': expected one of a string or an array of "
                               "input items, but got {} instead.",
                               kind_name(input->kind)),
                   "input", "invalid_type");
  }
  for (std::size_t i = 0; input != nullptr && i < input->elements.size(); ++i) {
    if (auto refusal = check_item(input->elements[i], fmt::format("input[{}]", i))) return refusal;
  }
  const Value* tools = body.find("tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->elements.size(); ++i) {
    if (auto refusal = check_tool(tools->elements[i], fmt::format("tools[{}]", i))) return refusal;
  }
  if (auto refusal = check_tool_choice(body)) return refusal;
  if (auto refusal = check_format(body)) return refusal;
  if (auto refusal = check_reasoning(body, model)) return refusal;
  return check_numbers(body);
}

}  // namespace tidegate::simulator
