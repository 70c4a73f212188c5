#include <fmt/format.h>

#include <charconv>

#include "simulator/chat_profile.h"
#include "simulator/rules.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kIdBegins = "functions";

// "functions.NAME:NUMBER" of the call's own name. Ids of other providers are taken as they are.
bool is_mangled(const ToolCall& call) {
  const std::string_view id = call.id;
  if (!id.starts_with(kIdBegins)) return false;
  const std::string expected = fmt::format("{}.{}:", kIdBegins, call.name);
  if (!id.starts_with(expected) || id.size() == expected.size()) return true;
  return id.substr(expected.size()).find_first_not_of("0123456789") != id.npos;
}

}  // namespace

std::optional<Refusal> check_kimi(const ChatRequest& request, const Options& options) {
  const bool thinking = thinks(Provider::kimi, request);
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (message.role == "developer") return invalid("Invalid request: invalid role 'developer'");
    if (message.tool_calls.empty()) continue;
    const bool missing =
        !message.reasoning || (options.refuse_empty_reasoning && message.reasoning->empty());
    if (thinking && missing) {
      return invalid(
          fmt::format("thinking is enabled but reasoning_content is missing in assistant "
                      "tool call message at index {}",
                      i));
    }
    // The real model only gets worse by it (fact sheet 2.1, row 29), which no test would see.
    for (const ToolCall& call : message.tool_calls) {
      if (!is_mangled(call)) continue;
      return invalid(
          fmt::format("Simulator: the tool call id '{}' is not as it was made, functions.{}:N",
                      call.id, call.name));
    }
  }
  const bool forced =
      request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  if (!thinking || !forced) return std::nullopt;
  return invalid(
      fmt::format("tool_choice '{}' is incompatible with thinking enabled",
                  request.tool_choice == ToolChoice::required ? "required" : "specified"));
}

}  // namespace tidegate::simulator
