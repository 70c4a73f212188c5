#include "engine/models.h"

#include "workflow/render.h"

namespace tidegate::engine {

Tokens estimated_completion(const Answer& answer) {
  Tokens sum = workflow::estimate_tokens(answer.text) + workflow::estimate_tokens(answer.reasoning);
  for (const ToolCall& call : answer.tool_calls) {
    sum += workflow::estimate_tokens(call.name) + workflow::estimate_tokens(call.arguments);
  }
  return sum;
}

}  // namespace tidegate::engine
