#include "translation/custom_calls.h"

#include <algorithm>

#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;

// The raw text of {"input":"..."}; nullopt: the arguments say something else.
std::optional<std::string> input_of(std::string_view arguments) {
  const std::optional<std::string> plain = json::unescape(arguments);
  if (!plain) return std::nullopt;
  const auto checked = json::check_text(*plain);
  if (!checked) return std::nullopt;
  json::Reader reader(*checked);
  if (reader.kind() != json::Kind::object) return std::nullopt;
  std::optional<std::string> input;
  const bool good = reader.object([&](std::string_view key) {
    std::string_view text;
    if (key != "input" || reader.kind() != json::Kind::string) return reader.skip();
    if (!reader.string(text)) return false;
    input = text;
    return true;
  });
  if (!good || !reader.finish()) return std::nullopt;
  return input;
}

}  // namespace

void CustomCalls::take(const Event& event) {
  switch (event.kind) {
    case Kind::tool_call: {
      if (event.custom || std::ranges::find(tools_, event.name) == tools_.end()) break;
      open_.push_back({event.index, {}});
      Event custom = event;
      custom.custom = true;
      return next_.take(custom);
    }
    case Kind::tool_arguments: {
      const auto call = std::ranges::find(open_, event.index, &Call::index);
      if (call == open_.end()) break;
      call->arguments += event.text;
      return;
    }
    case Kind::tool_seal:
    case Kind::usage:
      break;
    default:
      end_calls();
  }
  next_.take(event);
}

void CustomCalls::end_calls() {
  for (const Call& call : open_) {
    Event event;
    event.kind = Kind::tool_arguments;
    event.index = call.index;
    const std::optional<std::string> input = input_of(call.arguments);
    event.text = input ? *input : call.arguments;
    if (!event.text.empty()) next_.take(event);
  }
  open_.clear();
}

}  // namespace tidegate::translation
