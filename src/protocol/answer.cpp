#include "protocol/answer.h"

namespace tidegate::protocol {

std::string_view name(FinishReason reason) {
  switch (reason) {
    case FinishReason::none:
      return "";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::content_filter:
      return "content_filter";
    case FinishReason::insufficient_system_resource:
      return "insufficient_system_resource";
    case FinishReason::aborted:
      return "aborted";
    case FinishReason::other:
      return "other";
  }
  return "";
}

std::string_view name(Ending ending) {
  switch (ending) {
    case Ending::complete:
      return "complete";
    case Ending::empty:
      return "empty";
    case Ending::failed:
      return "failed";
    case Ending::error:
      return "error";
    case Ending::truncated:
      return "truncated";
  }
  return "";
}

Ending ending(const Answer& answer) {
  if (!answer.error.empty()) return Ending::error;
  if (answer.finish == FinishReason::insufficient_system_resource ||
      answer.finish == FinishReason::aborted)
    return Ending::failed;
  const bool finished = answer.finish == FinishReason::stop || answer.finish == FinishReason::none;
  if (finished && !answer.content && answer.tool_calls == 0) return Ending::empty;
  return Ending::complete;
}

}  // namespace tidegate::protocol
