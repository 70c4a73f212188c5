#include "simulator/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "json/writer.h"
#include "simulator/rules.h"
#include "simulator/text_pieces.h"
#include "simulator/tokens.h"
#include "simulator/tool_calls.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kQuotedBytes = 160;

std::string visible_text(const ChatRequest& request) {
  const std::string_view asked = last_question(request);
  const std::string_view quote = first_bytes(asked, kQuotedBytes);
  if (!request.format_properties.empty()) return fill_in(request.format_properties, asked);
  if (request.response_format.starts_with("json")) {
    std::string text;
    json::Writer(text)
        .begin_object()
        .member("simulated", true)
        .member("model", request.model)
        .member("asked", quote)
        .end_object();
    return text;
  }
  if (request.messages.back().role == "tool") {
    return fmt::format("The tool answered: {}",
                       first_bytes(request.messages.back().content, kQuotedBytes));
  }
  return fmt::format("This is a simulated answer of {}; no provider was called. You asked: {}",
                     request.model, quote);
}

// Different in every conversation: equal placeholders on every turn harm real models (fact sheet
// 1.3, item 7), so that a test may tell kept reasoning from invented.
std::vector<std::string> think(const ChatRequest& request, std::uint64_t seed) {
  std::vector<std::string> pieces =
      split_pieces(fmt::format("Simulated thought {}: the request has {} messages.",
                               base62(seed, 8), request.messages.size()));
  std::size_t more = 24;
  if (request.effort == "low" || request.effort == "minimal") more = 8;
  if (request.effort == "max" || request.effort == "ultra") more = 96;
  for (std::string& word : filler(more, seed)) pieces.push_back(std::move(word));
  return pieces;
}

Tokens count_completion(const Answer& answer) {
  Tokens count = answer.usage.reasoning + static_cast<Tokens>(answer.content.size());
  for (const ToolCall& call : answer.tool_calls) {
    count += count_tokens(call.name) + count_tokens(call.arguments);
  }
  return count;
}

// max_tokens includes reasoning (fact sheet 1.2).
void cut_to_limit(Answer& answer, Tokens limit) {
  if (count_completion(answer) <= limit) return;
  answer.finish_reason = "length";
  answer.tool_calls.clear();
  const auto most = static_cast<std::size_t>(limit);
  answer.usage.reasoning = std::min(answer.usage.reasoning, limit);
  answer.reasoning.resize(std::min(answer.reasoning.size(), most));
  const auto left = most - static_cast<std::size_t>(answer.usage.reasoning);
  answer.content.resize(std::min(answer.content.size(), left));
}

std::string echo_of(const ChatRequest& request) {
  if (request.unknown.empty()) return {};
  std::string text;
  json::Writer json(text);
  json.begin_object();
  for (const auto& field : request.unknown) json.key(field.name).raw(field.value);
  json.end_object();
  return text;
}

}  // namespace

Answer make_answer(Provider provider, const ChatRequest& request, const Settings& settings,
                   std::string_view body) {
  const std::uint64_t seed = hash_bytes(body);
  const bool deepseek = provider == Provider::deepseek;
  Answer answer;
  answer.provider = provider;
  answer.id = deepseek ? fmt::format("{:016x}{:016x}", seed, ~seed)
                       : fmt::format("chatcmpl-{}", base62(seed, 29));
  answer.model = request.model;
  answer.fingerprint = fmt::format("fp_{:010x}", hash_bytes(request.model) & 0xFF'FFFF'FFFFULL);
  answer.echo = echo_of(request);
  answer.finish_reason = "stop";

  std::vector<std::string> thought;
  // OpenAI's chat endpoint counts reasoning and never shows it.
  if (deepseek ? is_thinking(request) : request.effort.value_or("none") != "none") {
    thought = think(request, seed);
    answer.usage.reasoning = static_cast<Tokens>(thought.size());
  }
  if (deepseek) {
    answer.thinking = is_thinking(request);
    answer.reasoning = std::move(thought);
  }
  answer.tool_calls = make_tool_calls(provider, request, seed);
  if (!answer.tool_calls.empty()) {
    answer.finish_reason = "tool_calls";
  } else {
    answer.content = split_pieces(visible_text(request));
    if (settings.answer_tokens) {
      const auto wanted = static_cast<std::size_t>(*settings.answer_tokens);
      const std::size_t have = std::min(answer.content.size(), wanted);
      answer.content.resize(have);
      for (std::string& word : filler(wanted - have, seed)) {
        answer.content.push_back(std::move(word));
      }
    }
  }
  if (request.max_tokens) cut_to_limit(answer, *request.max_tokens);
  answer.usage.completion = count_completion(answer);
  return answer;
}

void spoil(Answer& answer, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::no_resource:
      answer.finish_reason = "insufficient_system_resource";
      return;
    case FaultKind::aborted:
      answer.finish_reason = "aborted";
      return;
    case FaultKind::empty_stop:
      answer.content.clear();
      answer.reasoning.clear();
      answer.tool_calls.clear();
      answer.finish_reason = "stop";
      answer.usage.reasoning = 0;
      break;
    case FaultKind::zero_reasoning:
      answer.reasoning.clear();
      answer.usage.reasoning = 0;
      break;
    case FaultKind::huge_chunk:
      answer.content.emplace_back(1u << 20, 'x');
      break;
    case FaultKind::utf8_split:
      for (std::string& piece : split_pieces(" Grüße, 你好, 🌊 и привет")) {
        answer.content.push_back(std::move(piece));
      }
      break;
    default:
      return;
  }
  answer.usage.completion = count_completion(answer);
}

Message as_message(const Answer& answer) {
  Message message;
  message.role = "assistant";
  message.content = join(answer.content);
  message.has_content = true;
  message.tool_calls = answer.tool_calls;
  return message;
}

}  // namespace tidegate::simulator
