#include "simulator/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/writer.h"
#include "simulator/claude.h"
#include "simulator/messages_answer.h"
#include "simulator/messages_request.h"
#include "simulator/messages_rules.h"
#include "simulator/messages_shape.h"
#include "simulator/tokens.h"
#include "simulator/tool_calls.h"

namespace tidegate::simulator {
namespace {

// Whoever sends it gets redacted thinking; the real one is as long and made for tests as well.
constexpr std::string_view kRedactionTrigger = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING";
constexpr Tokens kLeastCached = 1024;

ThinkingShape thinking_shape(const Value& body, const ChatRequest& request) {
  const std::string_view display = body.find("thinking") == nullptr
                                       ? std::string_view()
                                       : body.find("thinking")->text_of("display");
  const bool redacted = std::ranges::any_of(request.messages, [](const Message& message) {
    return message.role == "user" && message.content.contains(kRedactionTrigger);
  });
  return {
      .hidden = display.empty() ? claude_of(request.model).hides_thinking() : display == "omitted",
      .redacted = redacted};
}

// The prompt up to the last cache_control is read from the cache or written to it. Its tokens are
// counted by messages; without any breakpoint nothing is cached.
void count_cached(const Call& call, State& state, const ChatRequest& request, Answer& answer) {
  if (!call.body.contains("\"cache_control\"")) return;
  Tokens cached = look_up_cached(call, state, request, as_message(answer), 1, kLeastCached);
  Tokens to_cache = answer.usage.prompt;
  if (!request.messages.empty()) to_cache -= count_tokens(request.messages.back());
  if (request.messages.size() == 1 || to_cache < kLeastCached) to_cache = answer.usage.prompt;
  if (to_cache < kLeastCached) return;
  cached = std::min(cached, to_cache);
  answer.usage.cached = cached;
  answer.usage.cache_write = to_cache - cached;
}

Reply count_only(const Call& call, Tokens prompt_tokens) {
  Reply reply = good_reply(call, false, 0);
  json::Writer(reply.body).begin_object().member("input_tokens", prompt_tokens).end_object();
  return reply;
}

std::vector<std::string> thoughts_in(const std::vector<Turn>& turns, std::string_view model) {
  std::vector<std::string> thoughts;
  for (const Turn& turn : turns) {
    for (const Block& block : turn.blocks) {
      if (!block.is_thinking()) continue;
      if (auto thought = open_thinking(block, model)) thoughts.push_back(std::move(*thought));
    }
  }
  return thoughts;
}

}  // namespace

Reply answer_messages(Call& call, State& state) {
  const auto body = read_value(call.body);
  std::string model = body ? std::string(body->text_of("model")) : "";
  if (auto reply = strike(call, state, model)) return *reply;
  if (auto reply = check_key(call)) return *reply;
  if (call.headers.find("anthropic-version").empty()) {
    return refuse(call, invalid("anthropic-version: header is required"));
  }
  if (!body) return refuse(call, invalid("The request body is not valid JSON: " + body.error()));

  const bool counting = call.endpoint.operation == Operation::count_tokens;
  if (auto problem = check_messages_shape(*body, counting)) {
    return refuse(call, invalid(std::move(*problem)));
  }
  const std::vector<Turn> turns = turns_of(*body);
  ChatRequest request = as_chat(*body, turns);
  request.model = model;
  const Tokens prompt_tokens = count_tokens(request);
  if (auto refusal = check_messages(*body, model, turns, prompt_tokens, call.settings.options)) {
    return refuse(call, *refusal);
  }
  if (counting) return count_only(call, prompt_tokens);

  Answer answer = make_answer(Provider::anthropic, request, call.settings, call.body);
  answer.id = fmt::format("msg_01{}", base62(call.seed, 22));
  spoil(answer, call.fault);
  answer.usage.prompt = prompt_tokens;
  count_cached(call, state, request, answer);

  Reply reply = good_reply(call, request.stream, answer.usage.completion);
  reply.reasoning = thoughts_in(turns, model);
  const ThinkingShape shape = thinking_shape(*body, request);
  if (request.stream) {
    reply.events = message_events(answer, shape, call.fault);
  } else {
    reply.body = message_body(answer, shape);
  }
  return reply;
}

}  // namespace tidegate::simulator
