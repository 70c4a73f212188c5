#include "simulator/completions.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/writer.h"
#include "simulator/answer.h"
#include "simulator/completion_fields.h"
#include "simulator/models.h"
#include "simulator/rules.h"
#include "simulator/text_pieces.h"
#include "simulator/tokens.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

constexpr std::string_view kObject = "text_completion";
constexpr Tokens kDeepseekMost = 4096;  // fact sheet 1.2

// The prompt's last words seem to be asked, as if by a user.
ChatRequest as_chat(const Value& body, std::string model) {
  ChatRequest request;
  request.model = std::move(model);
  Message& message = request.messages.emplace_back();
  message.role = "user";
  message.has_content = true;
  if (const Value* prompt = body.find("prompt")) {
    message.content = prompt->is_string() ? prompt->text : std::string(prompt->raw);
  }
  if (const Value* most = body.find("max_tokens")) request.max_tokens = most->integer();
  if (const Value* stop = body.find("stop")) {
    if (stop->is_string()) request.stop.push_back(stop->text);
    for (const Value& each : stop->elements) request.stop.push_back(each.text);
  }
  const Value* stream = body.find("stream");
  request.stream = stream != nullptr && stream->is_true();
  if (const Value* options = body.find("stream_options")) {
    request.has_stream_options = true;
    const Value* usage = options->find("include_usage");
    request.include_usage = usage != nullptr && usage->is_true();
  }
  return request;
}

Checked check_deepseek(const Call& call, const Value& body, const ChatRequest& request) {
  if (!call.endpoint.beta) return beta_only("completions api");
  const Value* prompt = body.find("prompt");
  if (prompt == nullptr) {
    return deepseek_deserialize("missing field `prompt`", call.body, call.body.size());
  }
  if (!prompt->is_string()) {
    return deepseek_invalid(
        fmt::format("prompt: invalid type: {}, expected a string", kind_name(prompt->kind)));
  }
  if (std::ranges::find(kDeepseekModels, request.model) == kDeepseekModels.end()) {
    return deepseek_invalid("Model Not Exist");
  }
  if (request.has_stream_options && !request.stream) {
    return deepseek_invalid("stream_options should be set along with stream = true");
  }
  const Tokens most = request.max_tokens.value_or(1);
  if (most >= 1 && most <= kDeepseekMost) return std::nullopt;
  return deepseek_invalid(fmt::format(
      "Invalid max_tokens value, the valid range of max_tokens is [1, {}]", kDeepseekMost));
}

Checked check_openai(Provider provider, const Value& body, const ChatRequest& request) {
  if (request.model.starts_with(kUnknownModelPrefix)) {
    return Refusal{
        .status = 404,
        .message = fmt::format("The model `{}` does not exist or you do not have access to it.",
                               request.model),
        .param = {},
        .code = "model_not_found"};
  }
  const Value* prompt = body.find("prompt");
  if (prompt == nullptr || !(prompt->is_string() || prompt->is_array())) {
    return invalid("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter");
  }
  if (provider == Provider::vllm && body.find("suffix") != nullptr) {
    return invalid("suffix is not currently supported");
  }
  return std::nullopt;
}

void write_choice(json::Writer& json, std::string_view text, std::string_view finish) {
  json.begin_object().member("text", text).member("index", 0).key("logprobs").null();
  json.key("finish_reason");
  finish.empty() ? json.null() : json.value(finish);
  json.end_object();
}

std::string whole_body(const Answer& answer, const Call& call) {
  std::string body;
  json::Writer json(body);
  json.begin_object();
  write_head(json, answer, kObject, call.received);
  json.key("choices").begin_array();
  write_choice(json, join(answer.content), answer.finish_reason);
  json.end_array();
  if (call.fault.kind != FaultKind::no_usage) write_usage(json, answer);
  json.end_object();
  return body;
}

std::vector<std::string> events_of(const Answer& answer, bool include_usage, const Call& call) {
  const UsagePlace usage = place_usage(answer.provider, include_usage, call.fault.kind);
  std::vector<std::string> events;
  const auto add = [&](bool choice, std::string_view text, bool last, bool with_usage) {
    std::string& event = events.emplace_back("data: ");
    json::Writer json(event);
    json.begin_object();
    write_head(json, answer, kObject, call.received);
    json.key("choices").begin_array();
    if (choice) write_choice(json, text, last ? std::string_view(answer.finish_reason) : "");
    json.end_array();
    if (with_usage) write_usage(json, answer);
    json.end_object();
    event += "\n\n";
  };
  for (const std::string& piece : answer.content) add(true, piece, false, false);
  add(true, "", true, usage.last_chunk);
  if (usage.own_chunk) add(false, "", false, true);
  if (call.fault.kind != FaultKind::no_done) events.emplace_back("data: [DONE]\n\n");
  return events;
}

}  // namespace

Reply answer_completions(Call& call, State& state) {
  const Provider provider = call.endpoint.provider;
  const auto body = read_value(call.body);
  std::string model;
  if (body) model = body->text_of("model");
  if (auto reply = strike(call, state, model)) return *reply;
  if (auto reply = check_key(call)) return *reply;
  if (!body || !body->is_object()) {
    BodyProblem problem;
    problem.expected = body ? "expected an object" : body.error();
    return refuse(call, refuse_body(provider, problem, call.body));
  }
  const ChatRequest request = as_chat(*body, std::move(model));
  const Checked refusal = provider == Provider::deepseek ? check_deepseek(call, *body, request)
                                                         : check_openai(provider, *body, request);
  if (refusal) return refuse(call, *refusal);

  Answer answer = make_answer(provider, request, call.settings, call.body);
  if (answer.id.starts_with("chatcmpl-")) answer.id.erase(0, 4);
  spoil(answer, call.fault);
  answer.usage.prompt =
      count_tokens(request.messages.front().content) + count_tokens(body->text_of("suffix"));
  Reply reply = good_reply(call, request.stream, answer.usage.completion);
  if (request.stream) {
    reply.events = events_of(answer, request.include_usage, call);
  } else {
    reply.body = whole_body(answer, call);
  }
  return reply;
}

}  // namespace tidegate::simulator
