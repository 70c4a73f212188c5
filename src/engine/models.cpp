#include "engine/models.h"

#include "workflow/render.h"

namespace tidegate::engine {

Failure cancelled_failure() {
  Failure failure{.error = {ErrorCode::canceled, "cancelled", {}}};
  failure.sent = false;
  failure.cancelled = true;
  return failure;
}

Failure final_failure(std::string message) {
  Failure failure{.error = {ErrorCode::invalid, std::move(message), {}}};
  failure.error_class = workflow::ErrorClass::invalid_output;
  failure.retryable = failure.sent = false;
  return failure;
}

Tokens estimated_completion(const Answer& answer) {
  Tokens sum = workflow::estimate_tokens(answer.text) + workflow::estimate_tokens(answer.reasoning);
  for (const ToolCall& call : answer.tool_calls) {
    sum += workflow::estimate_tokens(call.name) + workflow::estimate_tokens(call.arguments);
  }
  return sum;
}

}  // namespace tidegate::engine
