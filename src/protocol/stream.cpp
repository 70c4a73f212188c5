#include "protocol/stream.h"

#include "base/text.h"
#include "protocol/completion_fields.h"

namespace tidegate::protocol {
namespace {

EventClass classify(const CompletionFields& fields) {
  if (fields.error) return EventClass::error;
  if (fields.content || fields.reasoning || fields.tool_calls > 0) return EventClass::content;
  if (fields.choices == 0) return fields.usage ? EventClass::usage_only : EventClass::other;
  if (fields.finish != FinishReason::none) return EventClass::finish;
  return fields.role ? EventClass::role_only : EventClass::other;
}

// Whether another event of this shape with another text would tell nothing new but the text.
bool is_repeatable(const CompletionFields& fields) {
  return fields.texts == 1 && fields.choices == 1 && !fields.error && !fields.usage &&
         fields.finish == FinishReason::none && fields.tool_call_ids == 0;
}

}  // namespace

std::string_view name(EventClass event_class) {
  switch (event_class) {
    case EventClass::content:
      return "content";
    case EventClass::role_only:
      return "role_only";
    case EventClass::finish:
      return "finish";
    case EventClass::usage_only:
      return "usage_only";
    case EventClass::done:
      return "done";
    case EventClass::error:
      return "error";
    case EventClass::garbage:
      return "garbage";
    case EventClass::other:
      return "other";
  }
  return "";
}

EventClass StreamReader::read(std::string_view data) {
  if (pattern_ && pattern_->matches(data)) return EventClass::content;
  data = trim(data);
  if (data.empty()) return EventClass::other;
  if (data == "[DONE]") {
    done_ = true;
    return EventClass::done;
  }

  const Result<CompletionFields> fields = read_completion(data);
  if (!fields) return EventClass::garbage;
  merge(*fields, data, answer_);
  if (is_repeatable(*fields)) {
    if (!pattern_) pattern_ = std::make_unique<ContentPattern>();
    pattern_->learn(data, fields->text, fields->obfuscation);
  }
  return classify(*fields);
}

bool is_object(std::string_view data) { return read_completion(data).has_value(); }

Ending StreamReader::ending() const {
  const Ending said = protocol::ending(answer_);
  if (said == Ending::error || said == Ending::failed) return said;
  return done_ ? said : Ending::truncated;
}

}  // namespace tidegate::protocol
