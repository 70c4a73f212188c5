#include "simulator/tool_calls.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "json/writer.h"
#include "simulator/asked_values.h"
#include "simulator/tool_plan.h"

namespace tidegate::simulator {
namespace {

std::string arguments_for(const Tool& tool, std::string_view asked, std::size_t round) {
  if (tool.type == "custom") return "simulated input of " + tool.name;
  const AskedValues values(asked, round);
  std::string text;
  json::Writer json(text);
  json.begin_object();
  for (const Parameter& parameter : tool.parameters) {
    json.key(parameter.name);
    if (!parameter.first_enum.empty()) {
      json.raw(parameter.first_enum);
    } else if (parameter.type == "integer" || parameter.type == "number") {
      json.value(values.number());
    } else if (parameter.type == "boolean") {
      json.value(true);
    } else if (parameter.type == "array") {
      json.begin_array().end_array();
    } else if (parameter.type == "object") {
      json.begin_object().end_object();
    } else {
      json.value(values.text(parameter.name));
    }
  }
  json.end_object();
  return text;
}

// Unique in the conversation and, but for Kimi's, in all.
std::string call_id(Provider provider, const ChatRequest& request, std::string_view tool,
                    std::size_t index, std::uint64_t seed) {
  const std::string letters = base62(seed + index, 24);
  switch (provider) {
    case Provider::deepseek:
      return fmt::format("call_{:02}_{}", index, letters.substr(0, 20));
    case Provider::anthropic:
      return fmt::format("toolu_01{}", letters.substr(0, 22));
    case Provider::kimi: {
      std::size_t earlier = 0;
      for (const Message& message : request.messages) earlier += message.tool_calls.size();
      return fmt::format("functions.{}:{}", tool, earlier + index);
    }
    case Provider::gemini:
      return fmt::format("function-call-{}", seed + index);
    case Provider::vllm:
      return fmt::format("chatcmpl-tool-{}", letters);
    default:
      return fmt::format("call_{}", letters);
  }
}

}  // namespace

std::string base62(std::uint64_t seed, std::size_t length) {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    seed = hash_bytes("base62", seed);
    text.push_back(kDigits[seed % kDigits.size()]);
  }
  return text;
}

std::vector<ToolCall> make_tool_calls(Provider provider, const ChatRequest& request,
                                      const Settings& settings, std::uint64_t seed) {
  std::vector<ToolCall> calls;
  std::vector<const Tool*> tools;
  for (const Tool& tool : request.tools) {
    if (request.forced_tool.empty() || tool.name == request.forced_tool) tools.push_back(&tool);
  }
  if (tools.empty()) return calls;
  const auto wanted = static_cast<std::size_t>(calls_wanted(request, settings));
  for (std::size_t i = 0; i < wanted; ++i) {
    const Tool& tool = *tools[i % tools.size()];
    const std::size_t round = i / tools.size();
    calls.push_back({.id = call_id(provider, request, tool.name, i, seed),
                     .name = tool.name,
                     .arguments = arguments_for(tool, last_question(request), round)});
  }
  return calls;
}

}  // namespace tidegate::simulator
