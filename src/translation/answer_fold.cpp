#include "translation/answer_fold.h"

#include <algorithm>

namespace tidegate::translation {

void AnswerFold::take(const Event& event) {
  using protocol::Answer;
  switch (event.kind) {
    case Event::Kind::start:
      if (!event.name.empty()) answer_.model = event.name;
      if (!event.id.empty()) id_ = event.id;
      break;
    case Event::Kind::text:
    case Event::Kind::refusal:
      answer_.content = answer_.content || !event.text.empty();
      break;
    case Event::Kind::reasoning:
      answer_.reasoning = answer_.reasoning || !event.text.empty();
      break;
    case Event::Kind::reasoning_seal:
      answer_.reasoning = true;
      break;
    case Event::Kind::tool_call:
      answer_.tool_calls = std::max(answer_.tool_calls, event.index + 1);
      if (answer_.tool_call_ids.size() < Answer::kMaxToolCallIds) {
        answer_.tool_call_ids.emplace_back(event.id);
      }
      break;
    case Event::Kind::finish:
      answer_.finish = event.finish;
      break;
    case Event::Kind::usage:
      answer_.usage = event.usage;
      break;
    case Event::Kind::done:
      done_ = true;
      break;
    case Event::Kind::error:
      answer_.error = event.text.substr(0, Answer::kMaxErrorBytes);
      break;
    case Event::Kind::tool_arguments:
    case Event::Kind::tool_seal:
    case Event::Kind::citation:
      break;
  }
}

}  // namespace tidegate::translation
