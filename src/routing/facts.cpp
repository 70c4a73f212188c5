#include "routing/facts.h"

#include <array>

namespace tidegate::routing {
namespace {

template <auto member>
Value read(const Facts& facts) {
  return Value::of(facts.*member);
}

constexpr auto kVariables = std::to_array<Variable>({
    {"context_tokens", Type::integer, "Estimated tokens of the prompt, tool definitions included.",
     read<&Facts::context_tokens>},
    {"tool_density", Type::real,
     "Tool calls per assistant step over the last 20 steps; before any step, a prior.",
     read<&Facts::tool_density>},
    {"planning_score", Type::real, "How much the request looks like planning, 0 to 1.",
     read<&Facts::planning_score>},
    {"messages", Type::integer, "Messages in the request.", read<&Facts::messages>},
    {"tools", Type::integer, "Tools that the request declares.", read<&Facts::tools>},
    {"images", Type::integer, "Images in all messages.", read<&Facts::images>},
    {"assistant_steps", Type::integer, "Assistant messages so far.", read<&Facts::assistant_steps>},
    {"max_tokens", Type::integer, "Answer tokens that the client asked for; 0 when it did not say.",
     read<&Facts::max_tokens>},
    {"stream", Type::boolean, "The client wants a stream.", read<&Facts::stream>},
    {"task", Type::string, "The header x-tidegate-task, or \"\".", read<&Facts::task>},
    {"role", Type::string, "The header x-tidegate-role, or \"\".", read<&Facts::role>},
    {"client", Type::string, "The product in the user agent: \"Cursor\" of \"Cursor/1.4 (linux)\".",
     read<&Facts::client>},
    {"model", Type::string, "The model that the client asked for: \"auto\" or \"\" under a policy.",
     read<&Facts::model>},
    {"hour", Type::integer, "Hour of the day in UTC, 0 to 23.", read<&Facts::hour>},
    {"weekday", Type::integer, "Day of the week in UTC, 0 is Monday.", read<&Facts::weekday>},
    {"peak", Type::boolean, "DeepSeek's peak prices hold now.", read<&Facts::peak>},
});

}  // namespace

void set_time(Facts& facts, WallTime at) {
  const auto hours = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
  const auto days = std::chrono::floor<std::chrono::days>(at.time_since_epoch()).count();
  facts.hour = hours - days * 24;
  facts.weekday = (days % 7 + 7 + 3) % 7;  // 1970-01-01 was a Thursday
}

std::string_view product(std::string_view user_agent) {
  std::size_t size = 0;
  for (; size < user_agent.size(); ++size) {
    const char c = user_agent[size];
    if (c == '/' || c == ' ' || c == '(') break;
  }
  return user_agent.substr(0, size);
}

std::string_view name(Type type) {
  constexpr std::array<std::string_view, 4> kNames{"bool", "int", "double", "string"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const Variable> variables() { return kVariables; }

}  // namespace tidegate::routing
