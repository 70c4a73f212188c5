#include "simulator/messages_request.h"

#include "simulator/claude.h"

namespace tidegate::simulator {
namespace {

void add_other_part(Message& message, std::string_view type) {
  message.other_parts.push_back({.type = std::string(type)});
}

// Results are messages of their own, as Chat Completions has them; what stands beside them follows.
void add_user_turn(ChatRequest& request, const Turn& turn) {
  Message user{.role = "user", .has_content = true};
  for (const Block& block : turn.blocks) {
    if (block.is("tool_result")) {
      Message result{.role = "tool",
                     .content = text_of_content(block.value->find("content")),
                     .has_content = true,
                     .tool_call_id = std::string(block.member("tool_use_id"))};
      request.messages.push_back(std::move(result));
    } else if (block.is("text")) {
      user.content += block.text;
    } else {
      add_other_part(user, block.type);
    }
  }
  if (!user.content.empty() || !user.other_parts.empty()) request.messages.push_back(user);
}

void add_assistant_turn(ChatRequest& request, const Turn& turn) {
  Message message{.role = "assistant", .has_content = true};
  for (const Block& block : turn.blocks) {
    if (block.is("text")) {
      message.content += block.text;
    } else if (block.is("thinking")) {
      message.reasoning = message.reasoning.value_or("") + std::string(block.member("thinking"));
    } else if (block.is("tool_use")) {
      message.tool_calls.push_back({.id = std::string(block.member("id")),
                                    .name = std::string(block.member("name")),
                                    .arguments = std::string(block.value->find("input")->raw)});
    } else {
      add_other_part(message, block.type);
    }
  }
  request.messages.push_back(std::move(message));
}

void read_choice(const Value& choice, ChatRequest& request) {
  const std::string_view type = choice.text_of("type");
  if (type == "any") request.tool_choice = ToolChoice::required;
  if (type == "auto") request.tool_choice = ToolChoice::automatic;
  if (type == "none") request.tool_choice = ToolChoice::none;
  if (type == "tool") request.tool_choice = ToolChoice::named;
  request.forced_tool = choice.text_of("name");
  const Value* single = choice.find("disable_parallel_tool_use");
  request.parallel_tool_calls = single == nullptr || !single->is_true();
}

}  // namespace

std::vector<Parameter> parameters_of(const Value* schema) {
  std::vector<Parameter> parameters;
  const Value* properties = schema == nullptr ? nullptr : schema->find("properties");
  if (properties == nullptr) return parameters;
  for (const auto& [name, property] : properties->members) {
    const Value* choices = property.find("enum");
    const bool has_choices = choices != nullptr && !choices->elements.empty();
    parameters.push_back(
        {.name = name,
         .type = std::string(property.text_of("type")),
         .first_enum = has_choices ? std::string(choices->elements.front().raw) : ""});
  }
  return parameters;
}

ChatRequest as_chat(const Value& body, const std::vector<Turn>& turns) {
  ChatRequest request;
  request.model = body.text_of("model");
  if (const Value* stream = body.find("stream")) request.stream = stream->is_true();
  if (const Value* most = body.find("max_tokens")) request.max_tokens = most->integer();
  if (const Value* stop = body.find("stop_sequences")) {
    for (const Value& sequence : stop->elements) request.stop.push_back(sequence.text);
  }
  if (const Value* metadata = body.find("metadata")) {
    request.user_id = metadata->text_of("user_id");
  }
  if (const Value* thinking = body.find("thinking")) {
    request.thinks = thinking->text_of("type") != "disabled";
  }
  if (const Value* output = body.find("output_config")) {
    if (const Value* effort = output->find("effort")) request.effort = effort->text;
    if (const Value* format = output->find("format")) {
      request.response_format = "json_schema";
      request.response_schema = format->find("schema")->raw;
    }
  }
  if (const Value* choice = body.find("tool_choice")) read_choice(*choice, request);
  if (const Value* tools = body.find("tools")) {
    request.tools_json = tools->raw;
    for (const Value& tool : tools->elements) {
      if (tool.find("input_schema") == nullptr) continue;  // run by the provider
      request.tools.push_back({.type = "function",
                               .name = std::string(tool.text_of("name")),
                               .parameters = parameters_of(tool.find("input_schema"))});
    }
  }
  if (const Value* system = body.find("system")) {
    request.messages.push_back(
        {.role = "system", .content = text_of_content(system), .has_content = true});
  }
  for (const Turn& turn : turns) {
    turn.assistant ? add_assistant_turn(request, turn) : add_user_turn(request, turn);
  }
  return request;
}

}  // namespace tidegate::simulator
