#include "simulator/responses.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/messages_request.h"
#include "simulator/messages_turns.h"
#include "simulator/responses_answer.h"
#include "simulator/responses_items.h"
#include "simulator/responses_shape.h"
#include "simulator/rules.h"
#include "simulator/text_pieces.h"
#include "simulator/tokens.h"
#include "simulator/tool_calls.h"

namespace tidegate::simulator {
namespace {

// The conversation: what previous_response_id stands for, then the input, each item as JSON.
std::expected<std::vector<std::string>, Refusal> items_of(const Value& body, State& state,
                                                          std::size_t& earlier) {
  std::vector<std::string> items;
  const std::string_view previous = body.text_of("previous_response_id");
  if (!previous.empty()) {
    auto found = state.responses.find(previous);
    if (!found) {
      return std::unexpected(
          invalid(fmt::format("Previous response with id '{}' not found.", previous),
                  "previous_response_id", "previous_response_not_found"));
    }
    items = std::move(*found);
  }
  earlier = items.size();
  const Value* input = body.find("input");
  if (input != nullptr && input->is_string()) {
    items.push_back(fmt::format(R"({{"type":"message","role":"user","content":{}}})", input->raw));
  }
  for (std::size_t i = 0; input != nullptr && i < input->elements.size(); ++i) {
    const Value& item = input->elements[i];
    if (!is_reference(item)) {
      items.emplace_back(item.raw);
      continue;
    }
    auto found = state.responses.find_item(item.text_of("id"));
    if (!found) return std::unexpected(item_not_found(item.text_of("id")));
    items.push_back(std::move(*found));
  }
  return items;
}

void read_tools(const Value& body, ChatRequest& request) {
  const Value* tools = body.find("tools");
  if (tools == nullptr) return;
  request.tools_json = tools->raw;
  for (const Value& tool : tools->elements) {
    const std::string_view type = tool.text_of("type");
    if (type != "function" && type != "custom") continue;  // run by the provider
    request.tools.push_back({.type = std::string(type),
                             .name = std::string(tool.text_of("name")),
                             .parameters = parameters_of(tool.find("parameters"))});
  }
}

void read_choice(const Value& body, ChatRequest& request) {
  const Value* choice = body.find("tool_choice");
  if (choice == nullptr) return;
  if (choice->text == "none") request.tool_choice = ToolChoice::none;
  if (choice->text == "auto") request.tool_choice = ToolChoice::automatic;
  if (choice->text == "required") request.tool_choice = ToolChoice::required;
  request.forced_tool = choice->text_of("name");
  if (!request.forced_tool.empty()) request.tool_choice = ToolChoice::named;
}

ChatRequest as_chat(const Value& body, std::string_view model, const Items& items) {
  ChatRequest request;
  request.model = model;
  request.thinks = thinks(body, model);
  if (const Value* stream = body.find("stream")) request.stream = stream->is_true();
  if (const Value* most = body.find("max_output_tokens")) request.max_tokens = most->integer();
  if (const Value* reasoning = body.find("reasoning")) {
    if (const Value* effort = reasoning->find("effort")) request.effort = effort->text;
  }
  if (const Value* text = body.find("text")) {
    if (const Value* format = text->find("format")) {
      request.response_format = format->text_of("type");
      if (const Value* schema = format->find("schema")) request.response_schema = schema->raw;
    }
  }
  if (const Value* parallel = body.find("parallel_tool_calls")) {
    request.parallel_tool_calls = parallel->is_true();
  }
  read_tools(body, request);
  read_choice(body, request);
  if (const Value* instructions = body.find("instructions")) {
    request.messages.push_back(
        {.role = "system", .content = text_of_content(instructions), .has_content = true});
  }
  add_messages(request, items);
  return request;
}

std::optional<Refusal> check_whole(const ChatRequest& request, Tokens prompt_tokens,
                                   const Options& options) {
  if (request.messages.empty()) {
    return invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  if (request.response_format == "json_object" && !mentions(request, "json")) {
    return invalid(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of "
        "type 'json_object'.",
        "input");
  }
  if (prompt_tokens <= options.openai_input) return std::nullopt;
  return invalid(
      "Your input exceeds the context window of this model. Please adjust your input and try "
      "again.",
      "input", "context_length_exceeded");
}

bool asks_for(const Value& body, std::string_view include) {
  const Value* list = body.find("include");
  return list != nullptr &&
         std::ranges::find(list->elements, include, &Value::text) != list->elements.end();
}

void remember(State& state, const Answer& answer, const ResponseShape& shape,
              std::vector<std::string> input) {
  ResponseStore::Stored stored{std::move(input), {}, response_body(answer, shape, {})};
  for (const OutputItem& item : shape.items) {
    stored.output.push_back(stored_item(answer, item));
    state.responses.put_item(item.id, stored.output.back());
    if (item.kind == OutputItem::Kind::reasoning) {
      state.responses.put_reasoning(item.id, join(answer.reasoning));
    }
  }
  state.responses.put(shape.id, std::move(stored));
}

}  // namespace

Reply answer_responses(Call& call, State& state) {
  const auto body = read_value(call.body);
  std::string model = body ? std::string(body->text_of("model")) : "";
  if (auto reply = strike(call, state, model)) return *reply;
  if (auto reply = check_key(call)) return *reply;
  if (!body) {
    return refuse(
        call,
        invalid("We could not parse the JSON body of your request. (HINT: " + body.error() + ")"));
  }
  if (auto refusal = check_responses_shape(*body, model)) return refuse(call, *refusal);

  Items items;
  auto texts = items_of(*body, state, items.earlier);
  if (!texts) return refuse(call, texts.error());
  std::vector<Value> values;
  for (const std::string& text : *texts) values.push_back(*read_value(text));
  for (const Value& value : values) items.all.push_back(&value);
  auto thoughts = check_items(items, model, state.responses);
  if (!thoughts) return refuse(call, thoughts.error());

  const ChatRequest request = as_chat(*body, model, items);
  const Tokens prompt_tokens = count_tokens(request);
  if (auto refusal = check_whole(request, prompt_tokens, call.settings.options)) {
    return refuse(call, *refusal);
  }
  Answer answer = make_answer(Provider::openai, request, call.settings, call.body);
  spoil(answer, call.fault);
  answer.usage.prompt = prompt_tokens;
  answer.usage.cached = look_up_cached(call, state, request, as_message(answer), 128, 1024);

  std::vector<std::string> custom;
  for (const Tool& tool : request.tools) {
    if (tool.type == "custom") custom.push_back(tool.name);
  }
  const Value* reasoning = body->find("reasoning");
  const Value* store = body->find("store");
  const std::string seed = item_seed(call.seed, !answer.reasoning.empty());
  const ResponseShape shape{.request = *body,
                            .id = fmt::format("resp_{}", base62(call.seed, 48)),
                            .created = call.received,
                            .encrypted = asks_for(*body, "reasoning.encrypted_content"),
                            .summary = reasoning != nullptr && reasoning->find("summary"),
                            .items = output_items(answer, seed, custom)};
  if (store == nullptr || store->is_true()) remember(state, answer, shape, std::move(*texts));

  Reply reply = good_reply(call, request.stream, answer.usage.completion);
  reply.reasoning = std::move(*thoughts);
  if (request.stream) {
    reply.events = response_events(answer, shape, call.fault);
  } else {
    reply.body = response_body(answer, shape, call.fault);
  }
  return reply;
}

}  // namespace tidegate::simulator
