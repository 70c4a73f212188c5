#include <fmt/format.h>

#include "simulator/rules.h"
#include "simulator/seal.h"
#include "simulator/tool_plan.h"

namespace tidegate::simulator {

bool is_gemini_dummy(std::string_view signature) {
  return signature == "context_engineering_is_the_way_to_go" ||
         signature == "skip_thought_signature_validator";
}

std::optional<Refusal> check_gemini(const ChatRequest& request) {
  const bool mandatory = !request.model.contains("gemini-2");
  const std::size_t turn = turn_begin(request);
  std::size_t block = 0;  // contents, of which the system prompt is none
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    for (const ToolCall& call : message.tool_calls) {
      if (call.signature.empty() || is_gemini_dummy(call.signature)) continue;
      if (open_seal(kThoughtMark, request.model, "", call.signature)) continue;
      return invalid("Thought signature is not valid.");
    }
    if (i >= turn && mandatory && !message.tool_calls.empty() &&
        message.tool_calls.front().signature.empty()) {
      return invalid(
          fmt::format("Function call `{}` in the `{}.` content block is missing a "
                      "`thought_signature`.",
                      message.tool_calls.front().name, block));
    }
    if (message.role != "system" && message.role != "developer") ++block;
  }
  return std::nullopt;
}

}  // namespace tidegate::simulator
