#include "workflow/inputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/load.h"

namespace tidegate::workflow {
namespace {

bool is(const Value& value, InputType type) {
  switch (type) {
    case InputType::any:
      return true;
    case InputType::string:
      return value.is_string();
    case InputType::number:
      return value.is_number();
    case InputType::integer:
      return value.kind() == Value::Kind::integer;
    case InputType::boolean:
      return value.kind() == Value::Kind::boolean;
    case InputType::array:
      return value.is_list();
    case InputType::object:
      return value.is_map();
  }
  return false;
}

}  // namespace

std::string_view name(InputType type) {
  switch (type) {
    case InputType::any:
      return "any value";
    case InputType::string:
      return "a text";
    case InputType::number:
      return "a number";
    case InputType::integer:
      return "a whole number";
    case InputType::boolean:
      return "true or false";
    case InputType::array:
      return "a list";
    case InputType::object:
      return "a map";
  }
  return "";
}

std::string misfit(const Input& input, const Value& value) {
  if (value.is_null()) return {};
  if (!is(value, input.type)) {
    return fmt::format("is {}; expected {}", kind_name(value.kind()), name(input.type));
  }
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    if (is(value.items()[i], input.items)) continue;
    return fmt::format("has {} as item {}; expected {}", kind_name(value.items()[i].kind()), i + 1,
                       name(input.items));
  }
  return {};
}

Result<Map> bind_inputs(const Workflow& workflow, const Map& given) {
  std::string wrong;
  std::string first;
  const auto add = [&](const std::string& field, const std::string& message) {
    if (!wrong.empty()) wrong += '\n';
    wrong += message;
    if (first.empty()) first = field;
  };
  std::vector<std::string> names;
  for (const Input& input : workflow.inputs) names.push_back(input.name);
  for (const Member& member : given) {
    if (std::ranges::find(names, member.name) == names.end()) {
      add(member.name, fmt::format("input {}: the workflow has no such input.{}", member.name,
                                   did_you_mean(member.name, names)));
    }
  }
  Map bound;
  for (const Input& input : workflow.inputs) {
    const auto member = std::ranges::find(given, input.name, &Member::name);
    Value value = member != given.end() ? member->value : Value{};
    if (value.is_null()) value = input.fallback;
    if (value.is_null() && input.required) {
      add(input.name, fmt::format("input {}: missing; expected {}", input.name, name(input.type)));
    } else if (const std::string problem = misfit(input, value); !problem.empty()) {
      add(input.name, fmt::format("input {}: {}", input.name, problem));
    }
    bound.push_back({input.name, std::move(value)});
  }
  if (!wrong.empty()) return fail(ErrorCode::invalid, std::move(wrong), std::move(first));
  return bound;
}

Result<Value> input_from_text(const Input& input, std::string_view text) {
  if (input.type == InputType::string) return Value(text);
  auto value = Value::parse(text);
  if (value && misfit(input, *value).empty()) return value;
  if (input.type == InputType::any) return Value(text);
  return fail(ErrorCode::invalid,
              fmt::format("input {}: \"{}\" is not {}{}", input.name, text, name(input.type),
                          input.type == InputType::array || input.type == InputType::object
                              ? ", which is given as JSON"
                              : ""),
              input.name);
}

}  // namespace tidegate::workflow
