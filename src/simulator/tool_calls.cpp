#include "simulator/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "json/writer.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kMaxCalls = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The first whole number of up to nine digits, else 1.
std::int64_t first_number(std::string_view asked) {
  const auto* begin = std::ranges::find_if(asked, is_digit);
  const auto* end = std::find_if_not(begin, asked.end(), is_digit);
  std::int64_t number = 1;
  if (end - begin <= 9) std::from_chars(begin, end, number);
  return number;
}

// The first words in quotes that open a word, as an apostrophe does not; else empty.
std::string_view first_quoted(std::string_view asked) {
  for (std::size_t begin = 0; begin < asked.size(); ++begin) {
    const char mark = asked[begin];
    const bool opens = begin == 0 || asked[begin - 1] == ' ';
    if (!opens || (mark != '\'' && mark != '"')) continue;
    const std::size_t end = asked.find(mark, begin + 1);
    if (end != std::string_view::npos) return asked.substr(begin + 1, end - begin - 1);
  }
  return {};
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

std::string fill_in(const std::vector<Parameter>& parameters, std::string_view asked) {
  const std::string_view quoted = first_quoted(asked);
  std::string text;
  json::Writer json(text);
  json.begin_object();
  for (const Parameter& parameter : parameters) {
    json.key(parameter.name);
    if (!parameter.first_enum.empty()) {
      json.raw(parameter.first_enum);
    } else if (parameter.type == "integer" || parameter.type == "number") {
      json.value(first_number(asked));
    } else if (parameter.type == "boolean") {
      json.value(true);
    } else if (parameter.type == "array") {
      json.begin_array().end_array();
    } else if (parameter.type == "object") {
      json.begin_object().end_object();
    } else {
      json.value(quoted.empty() ? "simulated " + parameter.name : std::string(quoted));
    }
  }
  json.end_object();
  return text;
}

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
  const std::string_view asked = last_question(request);
  for (const Tool& tool : request.tools) {
    if (calls.size() == wanted) break;
    if (!request.forced_tool.empty() && tool.name != request.forced_tool) continue;
    const std::size_t index = calls.size();
    std::string id = provider == Provider::deepseek
                         ? fmt::format("call_{:02}_{}", index, base62(seed + index, 20))
                         : fmt::format("call_{}", base62(seed + index, 24));
    calls.push_back({std::move(id), tool.name, fill_in(tool.parameters, asked)});
  }
  return calls;
}

}  // namespace tidegate::simulator
