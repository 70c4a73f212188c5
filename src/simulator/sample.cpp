#include "simulator/sample.h"

#include "json/writer.h"
#include "simulator/asked_values.h"
#include "simulator/pattern_sample.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

constexpr int kMaxDepth = 16;  // a schema may refer to itself

// "#/$defs/step" within `root`; null when it leads nowhere.
const Value* follow(const Value& root, std::string_view reference) {
  const Value* at = &root;
  if (!reference.starts_with('#')) return nullptr;
  reference.remove_prefix(1);
  while (at != nullptr && reference.starts_with('/')) {
    reference.remove_prefix(1);
    const std::string_view name = reference.substr(0, reference.find('/'));
    at = at->find(name);
    reference.remove_prefix(name.size());
  }
  return at;
}

void write_sample(json::Writer& json, const AskedValues& asked, const Value& root,
                  const Value& schema, std::string_view name, int depth) {
  const Value* first = nullptr;
  for (const std::string_view list : {"enum", "anyOf", "oneOf", "allOf", "type"}) {
    const Value* choices = schema.find(list);
    if (choices == nullptr || choices->elements.empty()) continue;
    first = &choices->elements.front();
    if (list == "enum") {
      json.raw(first->raw);
      return;
    }
    if (list == "type") break;  // a list of types: the first
    write_sample(json, asked, root, *first, name, depth + 1);
    return;
  }
  if (const Value* constant = schema.find("const")) {
    json.raw(constant->raw);
    return;
  }
  if (const Value* target = follow(root, schema.text_of("$ref")); target && depth < kMaxDepth) {
    write_sample(json, asked, root, *target, name, depth + 1);
    return;
  }
  const std::string_view type = first != nullptr ? first->text : schema.text_of("type");
  const Value* properties = schema.find("properties");
  if (properties != nullptr || type == "object") {
    json.begin_object();
    for (std::size_t i = 0; properties != nullptr && i < properties->members.size(); ++i) {
      const auto& [key, value] = properties->members[i];
      json.key(key);
      write_sample(json, asked, root, value, key, depth + 1);
    }
    json.end_object();
  } else if (type == "array") {
    json.begin_array();
    const Value* items = schema.find("items");
    if (items != nullptr && depth < kMaxDepth)
      write_sample(json, asked, root, *items, name, depth + 1);
    json.end_array();
  } else if (type == "integer" || type == "number") {
    json.value(asked.number());
  } else if (type == "boolean") {
    json.value(true);
  } else if (type == "null") {
    json.null();
  } else if (const auto fitting = sample_of_pattern(schema.text_of("pattern"));
             fitting && schema.find("pattern") != nullptr) {
    json.value(*fitting);
  } else {
    json.value(asked.text(name));
  }
}

}  // namespace

std::string sample_of_schema(std::string_view schema, std::string_view asked) {
  const auto root = read_value(schema);
  std::string out;
  json::Writer json(out);
  if (!root || !root->is_object()) return "{}";
  write_sample(json, AskedValues(asked), *root, *root, "value", 0);
  return out;
}

}  // namespace tidegate::simulator
