#include "simulator/chat.h"

#include <algorithm>

#include "simulator/answer.h"
#include "simulator/chat_profile.h"
#include "simulator/completion.h"
#include "simulator/rules.h"
#include "simulator/seal.h"
#include "simulator/tokens.h"

namespace tidegate::simulator {
namespace {

std::optional<Refusal> check(const Call& call, const ChatRequest& request, Tokens prompt_tokens) {
  const Options& options = call.settings.options;
  const Provider provider = call.endpoint.provider;
  if (provider == Provider::deepseek) {
    return check_deepseek(request, call.body, prompt_tokens, options, call.endpoint.beta);
  }
  if (auto refusal = check_openai(request, prompt_tokens, options, provider)) return refusal;
  if (provider == Provider::kimi) return check_kimi(request, options);
  if (provider == Provider::gemini) return check_gemini(request);
  if (provider == Provider::openrouter) return check_openrouter(request, options);
  if (provider == Provider::llamacpp && thinks(provider, request) && !request.messages.empty() &&
      request.messages.back().role == "assistant") {
    return invalid("Assistant response prefill is incompatible with enable_thinking.");
  }
  return std::nullopt;  // engines take what else comes
}

// What of the request's reasoning the model gets to see: what its provider does not look for is
// lost without a word.
std::vector<std::string> reasoning_seen(Provider provider, const ChatRequest& request) {
  std::vector<std::string> seen;
  // DeepSeek ignores it in requests without tools (fact sheet 1.3, item 3).
  const bool has_tools =
      !request.tools.empty() || std::ranges::any_of(request.messages, [](const Message& message) {
        return !message.tool_calls.empty();
      });
  if (provider == Provider::deepseek && !has_tools) return seen;
  for (const Message& message : request.messages) {
    for (const std::string_view name : profile_of(provider).reasoning_in) {
      const auto& text = name == "reasoning" ? message.plain_reasoning : message.reasoning;
      if (name.empty() || !text || text->empty()) continue;
      seen.push_back(*text);
      break;
    }
    for (const ToolCall& call : message.tool_calls) {
      auto thought = open_seal(kThoughtMark, request.model, "", call.signature);
      if (provider == Provider::gemini && thought) seen.push_back(std::move(*thought));
    }
  }
  return seen;
}

}  // namespace

Reply answer_chat(Call& call, State& state) {
  const Provider provider = call.endpoint.provider;
  auto request = read_request(call.body);
  std::string none;
  if (auto reply = strike(call, state, request ? request->model : none)) return *reply;
  if (auto reply = check_key(call)) return *reply;
  if (!request) return refuse(call, refuse_body(provider, request.error(), call.body));

  const Tokens prompt_tokens = count_tokens(*request);
  if (auto refusal = check(call, *request, prompt_tokens)) return refuse(call, *refusal);
  request->thinks = thinks(provider, *request);

  Answer answer = make_answer(provider, *request, call.settings, call.body);
  spoil(answer, call.fault);
  answer.usage.prompt = prompt_tokens;
  const bool deepseek = provider == Provider::deepseek;
  answer.usage.cached = look_up_cached(call, state, *request, as_message(answer),
                                       deepseek ? 64 : 128, deepseek ? 0 : 1024);

  Reply reply = good_reply(call, request->stream, answer.usage.completion);
  reply.reasoning = reasoning_seen(provider, *request);
  if (request->stream) {
    reply.events = stream_events(answer, request->include_usage, call.fault, call.received);
  } else {
    reply.body = completion_body(answer, call.fault, call.received);
  }
  return reply;
}

}  // namespace tidegate::simulator
