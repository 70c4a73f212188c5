#include "simulator/tool_plan.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace tidegate::simulator {
namespace {

constexpr int kAll = 4;    // "use all tools"
constexpr int kMost = 16;  // at once

struct Loop {
  const Message* asker = nullptr;
  const Message* result = nullptr;  // the last since
  std::size_t begin = 0;            // just behind the asker
  int steps = 0;                    // answers with calls since
};

Loop find_loop(const ChatRequest& request) {
  Loop loop;
  for (std::size_t i = request.messages.size(); i-- > 0;) {
    const Message& message = request.messages[i];
    if (message.role == "tool") {
      if (loop.result == nullptr) loop.result = &message;
    } else if (message.role == "user") {
      if (i > 0 && request.messages[i - 1].role == "tool") continue;
      loop.asker = &message;
      loop.begin = i + 1;
      return loop;
    } else if (message.role == "assistant") {
      if (message.tool_calls.empty()) {
        loop.begin = i + 1;
        return loop;
      }
      ++loop.steps;
    }
  }
  return loop;
}

// The number before `word`, as in "3 steps"; 0 when there is none.
int number_before(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1]))) --begin;
    const auto number = parse_u64(text.substr(begin, at - begin));
    if (number && *number <= 1000) return static_cast<int>(*number);
  }
  return 0;
}

int calls_said(std::string_view text, std::size_t tools) {
  if (text.contains("use all tools")) return std::min(kAll, static_cast<int>(tools));
  if (text.contains("use the tool")) return 1;
  return text.contains("use ") ? number_before(text, " tools") : 0;
}

}  // namespace

int calls_wanted(const ChatRequest& request, const Settings& settings) {
  if (request.tools.empty() || request.messages.empty()) return 0;
  const bool forced =
      request.tool_choice == ToolChoice::required || request.tool_choice == ToolChoice::named;
  if (forced) return 1;
  const Loop loop = find_loop(request);
  if (request.tool_choice == ToolChoice::none || loop.asker == nullptr) return 0;
  const std::string text = to_lower(loop.asker->content);
  int calls = calls_said(text, request.tools.size());
  int steps = std::max(1, number_before(text, " steps"));
  if (settings.tools) {
    calls = settings.tools->calls;
    steps = settings.tools->steps;
  }
  if (loop.steps >= steps) return 0;
  return request.parallel_tool_calls ? std::min(calls, kMost) : std::min(calls, 1);
}

const Message* find_last_result(const ChatRequest& request) { return find_loop(request).result; }

std::size_t turn_begin(const ChatRequest& request) { return find_loop(request).begin; }

bool explains_calls(const ChatRequest& request) {
  const Loop loop = find_loop(request);
  return loop.asker != nullptr && to_lower(loop.asker->content).contains("explain");
}

}  // namespace tidegate::simulator
