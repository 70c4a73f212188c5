#include "simulator/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "json/writer.h"
#include "simulator/asked_schema.h"
#include "simulator/chat_profile.h"
#include "simulator/dsml.h"
#include "simulator/misfit.h"
#include "simulator/sample.h"
#include "simulator/text_pieces.h"
#include "simulator/tokens.h"
#include "simulator/tool_calls.h"
#include "simulator/tool_plan.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kQuotedBytes = 160;

std::string visible_text(const ChatRequest& request) {
  const std::string_view asked = last_question(request);
  const std::string_view quote = first_bytes(asked, kQuotedBytes);
  if (!request.response_schema.empty()) return sample_of_schema(request.response_schema, asked);
  if (const std::string asked_schema = schema_in_words(request); !asked_schema.empty()) {
    return sample_of_schema(asked_schema, asked);
  }
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
  if (const Message* result = find_last_result(request)) {
    return fmt::format("The tool answered: {}", first_bytes(result->content, kQuotedBytes));
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

// Ends the words at the first stop sequence in them, which is not part of them.
void cut_at_stop(Answer& answer, const std::vector<std::string>& stop) {
  const std::string text = join(answer.content);
  std::size_t first = text.size();
  for (const std::string& sequence : stop) {
    const std::size_t at = sequence.empty() ? text.npos : text.find(sequence);
    if (at >= first) continue;
    first = at;
    answer.stop_sequence = sequence;
  }
  if (first < text.size()) answer.content = split_pieces(text.substr(0, first));
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

// The calls end up among the words, and the answer ends as one without calls would.
void leak_calls(Answer& answer, DsmlForm form) {
  if (answer.tool_calls.empty()) return;
  std::vector<std::string>& pieces =
      form == DsmlForm::in_thinking ? answer.reasoning : answer.content;
  for (std::string& piece : leak(answer.tool_calls, form)) pieces.push_back(std::move(piece));
  answer.usage.reasoning = static_cast<Tokens>(answer.reasoning.size());
  answer.tool_calls.clear();
  answer.finish_reason = "stop";
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

  if (request.thinks) {
    answer.reasoning = think(request, seed);
    answer.usage.reasoning = static_cast<Tokens>(answer.reasoning.size());
  }
  // Some count reasoning and never show it.
  answer.thinking = request.thinks && !profile_of(provider).reasoning_out.empty();
  answer.tool_calls = make_tool_calls(provider, request, settings, seed);
  if (!answer.tool_calls.empty()) {
    answer.finish_reason = "tool_calls";
    if (explains_calls(request)) answer.content = split_pieces("I call a tool to find out.");
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
  cut_at_stop(answer, request.stop);
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
    case FaultKind::content_filter:
      answer.finish_reason = "content_filter";
      answer.tool_calls.clear();
      answer.content.resize(answer.content.size() / 2);
      break;
    case FaultKind::refusal:
      answer.refusal = "I can't help with that.";
      answer.finish_reason = "stop";
      answer.tool_calls.clear();
      answer.content.clear();
      break;
    case FaultKind::dsml:
      leak_calls(answer, static_cast<DsmlForm>(fault.number));
      break;
    case FaultKind::misfit:
      answer.content = split_pieces(misfit(join(answer.content)));
      break;
    case FaultKind::fence:
      answer.content = split_pieces("```json\n" + join(answer.content) + "\n```");
      break;
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
