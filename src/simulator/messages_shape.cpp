#include "simulator/messages_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace tidegate::simulator {
namespace {

using json::Kind;

struct Field {
  std::string_view name;
  Kind kind = Kind::other;  // other: any
  bool required = false;
};

constexpr Field kCacheControl{"cache_control", Kind::object};

constexpr Field kTop[] = {{"model", Kind::string, true},
                          {"messages", Kind::array, true},
                          {"max_tokens", Kind::number, true},
                          {"system"},
                          {"metadata", Kind::object},
                          {"stop_sequences", Kind::array},
                          {"stream", Kind::boolean},
                          {"temperature", Kind::number},
                          {"top_k", Kind::number},
                          {"top_p", Kind::number},
                          {"tools", Kind::array},
                          {"tool_choice", Kind::object},
                          {"thinking", Kind::object},
                          {"service_tier", Kind::string},
                          {"container"},
                          {"output_config", Kind::object},
                          {"inference_geo", Kind::string},
                          kCacheControl};
constexpr Field kCountTop[] = {{"model", Kind::string, true},
                               {"messages", Kind::array, true},
                               {"system"},
                               {"tools", Kind::array},
                               {"tool_choice", Kind::object},
                               {"thinking", Kind::object},
                               {"output_config", Kind::object},
                               kCacheControl};
constexpr Field kMessage[] = {{"role", Kind::string, true}, {"content", Kind::other, true}};
constexpr Field kMetadata[] = {{"user_id", Kind::string}};
constexpr Field kOutputConfig[] = {{"effort", Kind::string}, {"format", Kind::object}};
constexpr Field kOutputFormat[] = {{"type", Kind::string, true}, {"schema", Kind::object, true}};
constexpr Field kEnabled[] = {
    {"type", Kind::string, true}, {"budget_tokens", Kind::number, true}, {"display", Kind::string}};
constexpr Field kAdaptive[] = {{"type", Kind::string, true}, {"display", Kind::string}};
constexpr Field kTypeOnly[] = {{"type", Kind::string, true}};
constexpr Field kChoice[] = {{"type", Kind::string, true},
                             {"disable_parallel_tool_use", Kind::boolean}};
constexpr Field kNamedChoice[] = {{"type", Kind::string, true},
                                  {"name", Kind::string, true},
                                  {"disable_parallel_tool_use", Kind::boolean}};
constexpr Field kCustomTool[] = {{"type", Kind::string},
                                 {"name", Kind::string, true},
                                 {"description", Kind::string},
                                 {"input_schema", Kind::object, true},
                                 {"strict", Kind::boolean},
                                 {"defer_loading", Kind::boolean},
                                 {"allowed_callers", Kind::array},
                                 {"input_examples", Kind::array},
                                 {"eager_input_streaming", Kind::boolean},
                                 kCacheControl};
constexpr Field kText[] = {{"type", Kind::string, true},
                           {"text", Kind::string, true},
                           {"citations", Kind::array},
                           kCacheControl};
constexpr Field kImage[] = {
    {"type", Kind::string, true}, {"source", Kind::object, true}, kCacheControl};
constexpr Field kDocument[] = {{"type", Kind::string, true}, {"source", Kind::object, true},
                               {"title", Kind::string},      {"context", Kind::string},
                               {"citations", Kind::object},  kCacheControl};
constexpr Field kSearchResult[] = {{"type", Kind::string, true},  {"source", Kind::string, true},
                                   {"title", Kind::string, true}, {"content", Kind::array, true},
                                   {"citations", Kind::object},   kCacheControl};
constexpr Field kToolUse[] = {{"type", Kind::string, true}, {"id", Kind::string, true},
                              {"name", Kind::string, true}, {"input", Kind::object, true},
                              {"caller", Kind::object},     kCacheControl};
constexpr Field kToolResult[] = {{"type", Kind::string, true},
                                 {"tool_use_id", Kind::string, true},
                                 {"content"},
                                 {"is_error", Kind::boolean},
                                 kCacheControl};
constexpr Field kThinking[] = {{"type", Kind::string, true},
                               {"thinking", Kind::string, true},
                               {"signature", Kind::string, true}};
constexpr Field kRedacted[] = {{"type", Kind::string, true}, {"data", Kind::string, true}};
constexpr Field kBase64Source[] = {
    {"type", Kind::string, true}, {"media_type", Kind::string, true}, {"data", Kind::string, true}};
constexpr Field kUrlSource[] = {{"type", Kind::string, true}, {"url", Kind::string, true}};
constexpr Field kFileSource[] = {{"type", Kind::string, true}, {"file_id", Kind::string, true}};

struct Variant {
  std::string_view type;
  std::span<const Field> fields;
};

constexpr Variant kBlocks[] = {
    {"document", kDocument},          {"image", kImage},
    {"redacted_thinking", kRedacted}, {"search_result", kSearchResult},
    {"server_tool_use", kToolUse},    {"text", kText},
    {"thinking", kThinking},          {"tool_result", kToolResult},
    {"tool_use", kToolUse},           {"web_search_tool_result", kToolResult}};
constexpr Variant kResultBlocks[] = {
    {"document", kDocument}, {"image", kImage}, {"search_result", kSearchResult}, {"text", kText}};
constexpr Variant kSystemBlocks[] = {{"text", kText}};
constexpr Variant kImageSources[] = {
    {"base64", kBase64Source}, {"file", kFileSource}, {"url", kUrlSource}};
constexpr Variant kDocumentSources[] = {
    {"base64", kBase64Source}, {"file", kFileSource}, {"text", kBase64Source}, {"url", kUrlSource}};
constexpr Variant kThinkings[] = {
    {"adaptive", kAdaptive}, {"disabled", kTypeOnly}, {"enabled", kEnabled}};
constexpr Variant kChoices[] = {
    {"any", kChoice}, {"auto", kChoice}, {"none", kTypeOnly}, {"tool", kNamedChoice}};
constexpr std::array<std::string_view, 8> kHostedTools{
    "bash_",        "code_execution_", "computer_",  "memory_",
    "text_editor_", "tool_search_",    "web_fetch_", "web_search_"};
constexpr std::array<std::string_view, 4> kImageTypes{"image/jpeg", "image/png", "image/gif",
                                                      "image/webp"};

std::string_view kind_problem(Kind kind) {
  switch (kind) {
    case Kind::string:
      return "Input should be a valid string";
    case Kind::number:
      return "Input should be a valid number";
    case Kind::boolean:
      return "Input should be a valid boolean";
    case Kind::array:
      return "Input should be a valid list";
    default:
      return "Input should be a valid dictionary";
  }
}

bool matches_pattern(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

// The first problem that a step finds stays; steps return false once there is one.
class Check {
 public:
  std::optional<std::string> problem;

  bool body(const Value& value, bool counting);

 private:
  bool fail(std::string_view path, std::string_view what) {
    if (!problem) problem = fmt::format("{}: {}", path, what);
    return false;
  }
  bool kind(const Value& value, const std::string& path, Kind wanted) {
    return wanted == Kind::other || value.is(wanted) || fail(path, kind_problem(wanted));
  }
  bool object(const Value& value, const std::string& path, std::span<const Field> fields);
  // An object whose `type` chooses its fields. `tagged`: the path of its fields names the type.
  bool variant(const Value& value, const std::string& path, std::span<const Variant> variants,
               std::string& inner);
  bool blocks(const Value& value, const std::string& path, std::span<const Variant> variants);
  bool block(const Value& value, const std::string& path, std::span<const Variant> variants);
  bool integer_from(const Value& body, std::string_view name, Tokens least);
  bool tool(const Value& value, const std::string& path);
  bool settings(const Value& body);
};

bool Check::object(const Value& value, const std::string& path, std::span<const Field> fields) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (!kind(value, path.empty() ? "body" : path, Kind::object)) return false;
  for (const Field& field : fields) {
    const auto found = std::ranges::find(value.members, field.name, &Member::name);
    if (found == value.members.end()) {
      if (field.required) return fail(prefix + std::string(field.name), "Field required");
      continue;
    }
    const bool empty = found->value.is(Kind::null) && !field.required;
    if (!empty && !kind(found->value, prefix + std::string(field.name), field.kind)) return false;
  }
  for (const auto& [name, member] : value.members) {
    if (std::ranges::find(fields, name, &Field::name) == fields.end()) {
      return fail(prefix + name, "Extra inputs are not permitted");
    }
  }
  return true;
}

bool Check::variant(const Value& value, const std::string& path, std::span<const Variant> variants,
                    std::string& inner) {
  if (!kind(value, path, Kind::object)) return false;
  const Value* type = value.find("type");
  if (type == nullptr) return fail(path + ".type", "Field required");
  const auto found = std::ranges::find(variants, type->text, &Variant::type);
  if (found == variants.end()) {
    std::string expected;
    for (const Variant& known : variants) {
      expected += fmt::format("{}'{}'", expected.empty() ? "" : ", ", known.type);
    }
    return fail(path, fmt::format("Input tag '{}' found using 'type' does not match any of the "
                                  "expected tags: {}",
                                  type->text, expected));
  }
  inner = fmt::format("{}.{}", path, found->type);
  return object(value, inner, found->fields);
}

bool Check::blocks(const Value& value, const std::string& path, std::span<const Variant> variants) {
  if (value.is_string()) return true;
  if (!kind(value, path, Kind::array)) return false;
  for (std::size_t i = 0; i < value.elements.size(); ++i) {
    if (!block(value.elements[i], fmt::format("{}.{}", path, i), variants)) return false;
  }
  return true;
}

bool Check::block(const Value& value, const std::string& path, std::span<const Variant> variants) {
  std::string inner;
  if (!variant(value, path, variants, inner)) return false;
  const std::string_view type = value.text_of("type");
  std::string source;
  if (type == "image") {
    if (!variant(*value.find("source"), inner + ".source", kImageSources, source)) return false;
    const std::string_view media = value.find("source")->text_of("media_type");
    if (!media.empty() && std::ranges::find(kImageTypes, media) == kImageTypes.end()) {
      return fail(source + ".media_type",
                  fmt::format("Input should be '{}'", fmt::join(kImageTypes, "', '")));
    }
  }
  if (type == "document" &&
      !variant(*value.find("source"), inner + ".source", kDocumentSources, source)) {
    return false;
  }
  for (const std::string_view id : {"id", "tool_use_id"}) {
    if (value.find(id) == nullptr || matches_pattern(value.text_of(id), std::string::npos)) {
      continue;
    }
    return fail(fmt::format("{}.{}", inner, id), "String should match pattern '^[a-zA-Z0-9_-]+$'");
  }
  if (type != "tool_result" || value.find("content") == nullptr) return true;
  return blocks(*value.find("content"), inner + ".content", kResultBlocks);
}

bool Check::tool(const Value& value, const std::string& path) {
  if (!kind(value, path, Kind::object)) return false;
  const std::string_view type = value.text_of("type");
  if (!type.empty() && type != "custom") {
    const bool hosted = std::ranges::any_of(
        kHostedTools, [&](std::string_view known) { return type.starts_with(known); });
    return hosted || fail(path, fmt::format("Input tag '{}' found using 'type' does not match any "
                                            "of the expected tags: 'custom', '{}'",
                                            type, fmt::join(kHostedTools, "*', '")));
  }
  const std::string inner = path + ".custom";
  if (!object(value, inner, kCustomTool)) return false;
  if (!matches_pattern(value.text_of("name"), 128)) {
    return fail(inner + ".name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
  }
  const Value& schema = *value.find("input_schema");
  if (schema.find("type") == nullptr) return fail(inner + ".input_schema.type", "Field required");
  return schema.text_of("type") == "object" ||
         fail(inner + ".input_schema.type", "Input should be 'object'");
}

bool Check::integer_from(const Value& body, std::string_view name, Tokens least) {
  const Value* value = body.find(name);
  if (value == nullptr) return true;
  if (!value->is_integer()) return fail(name, "Input should be a valid integer");
  return value->integer() >= least ||
         fail(name, fmt::format("Input should be greater than or equal to {}", least));
}

bool Check::settings(const Value& body) {
  std::string inner;
  if (const Value* value = body.find("metadata"); value && !object(*value, "metadata", kMetadata)) {
    return false;
  }
  if (const Value* value = body.find("thinking")) {
    if (!variant(*value, "thinking", kThinkings, inner)) return false;
    const std::string_view display = value->text_of("display");
    if (!display.empty() && display != "summarized" && display != "omitted") {
      return fail(inner + ".display", "Input should be 'summarized' or 'omitted'");
    }
  }
  if (const Value* value = body.find("tool_choice")) {
    if (!variant(*value, "tool_choice", kChoices, inner)) return false;
  }
  if (const Value* value = body.find("output_config")) {
    if (!object(*value, "output_config", kOutputConfig)) return false;
    const Value* format = value->find("format");
    if (format && !object(*format, "output_config.format", kOutputFormat)) return false;
    constexpr std::array<std::string_view, 5> kEfforts{"low", "medium", "high", "xhigh", "max"};
    const std::string_view effort = value->text_of("effort");
    if (!effort.empty() && std::ranges::find(kEfforts, effort) == kEfforts.end()) {
      return fail("output_config.effort",
                  "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
    }
  }
  for (const std::string_view name : {"temperature", "top_p"}) {
    const Value* value = body.find(name);
    if (value && (value->number() < 0 || value->number() > 1)) return fail(name, "range: 0..1");
  }
  return integer_from(body, "max_tokens", 1) && integer_from(body, "top_k", 0);
}

bool Check::body(const Value& value, bool counting) {
  if (!object(value, "", counting ? std::span<const Field>(kCountTop) : kTop)) return false;
  if (!settings(value)) return false;
  if (const Value* system = value.find("system")) {
    if (!blocks(*system, "system", kSystemBlocks)) return false;
  }
  const Value& messages = *value.find("messages");
  for (std::size_t i = 0; i < messages.elements.size(); ++i) {
    const Value& message = messages.elements[i];
    const std::string path = fmt::format("messages.{}", i);
    if (!object(message, path, kMessage)) return false;
    const std::string_view role = message.text_of("role");
    if (role == "system") {
      return fail("messages",
                  "Unexpected role \"system\". The Messages API accepts a top-level `system` "
                  "parameter, not \"system\" as an input message role.");
    }
    if (role != "user" && role != "assistant") {
      return fail(path + ".role", "Input should be 'user' or 'assistant'");
    }
    const Value* content = message.find("content");
    if (content == nullptr) return fail(path + ".content", "Input should be a valid list");
    if (!blocks(*content, path + ".content", kBlocks)) return false;
  }
  const Value* tools = value.find("tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->elements.size(); ++i) {
    if (!tool(tools->elements[i], fmt::format("tools.{}", i))) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> check_messages_shape(const Value& body, bool counting) {
  Check check;
  check.body(body, counting);
  return check.problem;
}

}  // namespace tidegate::simulator
