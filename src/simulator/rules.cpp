#include "simulator/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace tidegate::simulator {

std::optional<Refusal> check_tool_results(const ChatRequest& request) {
  std::vector<std::string_view> open;  // calls that wait for their result
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (message.role == "tool") {
      const auto call = std::ranges::find(open, message.tool_call_id);
      if (call == open.end()) {
        return invalid(
            "Messages with role 'tool' must be a response to a preceding message with "
            "'tool_calls'",
            fmt::format("messages.[{}].role", i));
      }
      open.erase(call);
      continue;
    }
    if (!open.empty()) break;
    for (const ToolCall& call : message.tool_calls) open.push_back(call.id);
  }
  if (open.empty()) return std::nullopt;
  return invalid(
      fmt::format("An assistant message with 'tool_calls' must be followed by tool messages "
                  "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                  "response messages: {}",
                  fmt::join(open, ", ")),
      "messages");
}

bool is_thinking(const ChatRequest& request) {
  return !request.thinking_disabled && request.effort != "none";
}

bool mentions(const ChatRequest& request, std::string_view word) {
  return std::ranges::any_of(request.messages, [&](const Message& message) {
    return to_lower(message.content).contains(word);
  });
}

}  // namespace tidegate::simulator
