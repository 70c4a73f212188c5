#include "simulator/tokens.h"

namespace tidegate::simulator {
namespace {

constexpr Tokens kPerMessage = 4;
constexpr Tokens kPerOtherPart = 256;

}  // namespace

Tokens count_tokens(std::string_view text) {
  Tokens tenths = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) tenths += 3;
    if (byte >= 0xC0) tenths += 6;  // the lead byte stands for its character
  }
  return (tenths + 9) / 10;
}

Tokens count_tokens(const Message& message) {
  Tokens count = kPerMessage + count_tokens(message.content);
  count += kPerOtherPart * static_cast<Tokens>(message.other_parts.size());
  if (message.reasoning) count += count_tokens(*message.reasoning);
  for (const ToolCall& call : message.tool_calls) {
    count += kPerMessage + count_tokens(call.name) + count_tokens(call.arguments);
  }
  return count;
}

Tokens count_tokens(const ChatRequest& request) {
  Tokens count = count_tokens(std::string_view(request.tools_json));
  for (const Message& message : request.messages) count += count_tokens(message);
  return count;
}

}  // namespace tidegate::simulator
