#include "simulator/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "json/writer.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kMaxCalls = 4;

std::string arguments_for(const Tool& tool) {
  std::string text;
  json::Writer json(text);
  json.begin_object();
  for (const Parameter& parameter : tool.parameters) {
    json.key(parameter.name);
    if (!parameter.first_enum.empty()) {
      json.raw(parameter.first_enum);
    } else if (parameter.type == "integer" || parameter.type == "number") {
      json.value(1);
    } else if (parameter.type == "boolean") {
      json.value(true);
    } else if (parameter.type == "array") {
      json.begin_array().end_array();
    } else if (parameter.type == "object") {
      json.begin_object().end_object();
    } else {
      json.value("simulated " + parameter.name);
    }
  }
  json.end_object();
  return text;
}

std::size_t calls_wanted(const ChatRequest& request) {
  const bool forced =
      request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  if (forced) return 1;
  if (request.tool_choice == ToolChoice::none || request.messages.back().role != "user") return 0;
  const std::string asked = to_lower(request.messages.back().content);
  if (asked.contains("use all tools")) return kMaxCalls;
  return asked.contains("use the tool") ? 1 : 0;
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
                                      std::uint64_t seed) {
  std::vector<ToolCall> calls;
  const std::size_t wanted = calls_wanted(request);
  for (const Tool& tool : request.tools) {
    if (calls.size() == wanted) break;
    if (!request.forced_tool.empty() && tool.name != request.forced_tool) continue;
    const std::size_t index = calls.size();
    std::string id = provider == Provider::deepseek
                         ? fmt::format("call_{:02}_{}", index, base62(seed + index, 20))
                         : fmt::format("call_{}", base62(seed + index, 24));
    calls.push_back({std::move(id), tool.name, arguments_for(tool)});
  }
  return calls;
}

}  // namespace tidegate::simulator
