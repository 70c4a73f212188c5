#include "workflow/render.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/writer.h"
#include "protocol/byte_classes.h"
#include "workload/tokens.h"

namespace tidegate::workflow {
namespace {

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

void append(std::vector<Piece>& to, std::vector<Piece> from) {
  for (Piece& piece : from) to.push_back(std::move(piece));
}

Result<void> add_outputs(const Workflow& workflow, const Task& task, const Scope& scope,
                         std::vector<Piece>& out) {
  for (const TaskIndex index : task.context) {
    const std::string& id = workflow.tasks[index].id;
    const Need* need = scope.need(id);
    if (need == nullptr || need->output.is_null()) {
      return fail(
          ErrorCode::invalid,
          fmt::format("the output of {} has no value here (it was skipped or failed); take it "
                      "out of `context` if that may be",
                      id),
          "context");
    }
    auto text = need->output.shared_text();
    if (text == nullptr) text = shared(need->output.json());
    out.push_back({Piece::Origin::author, {}, shared(fmt::format("<output task=\"{}\">\n", id))});
    out.push_back({Piece::Origin::need, id, std::move(text)});
    out.push_back({Piece::Origin::author, {}, shared("\n</output>\n\n")});
  }
  return {};
}

void write_text(json::Writer& json, const std::vector<Piece>& pieces) {
  if (pieces.size() == 1) {
    json.value(*pieces.front().text);
  } else {
    json.value(text_of(pieces));
  }
}

std::string_view effort(config::Thinking thinking) {
  switch (thinking) {
    case config::Thinking::unset:
      return {};
    case config::Thinking::off:
      return "none";
    case config::Thinking::low:
      return "low";
    case config::Thinking::medium:
      return "medium";
    case config::Thinking::high:
      return "high";
    case config::Thinking::max:
      return "max";
  }
  return {};
}

Tokens estimate(const std::vector<Piece>& pieces) {
  Tokens sum = 0;
  for (const Piece& piece : pieces) sum += estimate_tokens(*piece.text);
  return sum;
}

}  // namespace

Result<Prompt> render(const Workflow& workflow, const Task& task, const Scope& scope) {
  Prompt prompt;
  if (task.role != kNoRole) {
    auto system = workflow.roles[task.role].system.pieces(scope);
    if (!system) return std::unexpected(system.error());
    append(prompt.system, std::move(*system));
  }
  for (const Template& text : workflow.context) {
    if (!prompt.system.empty())
      prompt.system.push_back({Piece::Origin::author, {}, shared("\n\n")});
    auto shared_text = text.pieces(scope);
    if (!shared_text) return std::unexpected(shared_text.error());
    append(prompt.system, std::move(*shared_text));
  }
  if (auto outputs = add_outputs(workflow, task, scope, prompt.user); !outputs) {
    return std::unexpected(outputs.error());
  }
  auto own = task.prompt.pieces(scope);
  if (!own) return std::unexpected(own.error());
  append(prompt.user, std::move(*own));
  return prompt;
}

std::string text_of(const std::vector<Piece>& pieces) {
  std::size_t size = 0;
  for (const Piece& piece : pieces) size += piece.text->size();
  std::string out;
  out.reserve(size);
  for (const Piece& piece : pieces) out += *piece.text;
  return out;
}

std::string request_body(const Task& task, const Prompt& prompt, const BodyOptions& options) {
  const ModelChoice& choice = task.settings->model;
  std::string out;
  json::Writer json(out);
  json.begin_object().member("model", choice.model);
  // Tools stand before the messages in the prompt that a model sees.
  if (!options.tools.empty()) {
    std::vector<const ToolForm*> tools;
    for (const ToolForm& tool : options.tools) tools.push_back(&tool);
    std::ranges::sort(tools, {}, &ToolForm::name);
    json.key("tools").begin_array();
    for (const ToolForm* tool : tools) {
      json.begin_object().member("type", "function").key("function").begin_object();
      json.member("name", tool->name).member("description", tool->description);
      json.key("parameters").raw(tool->parameters).end_object().end_object();
    }
    json.end_array();
  }
  json.key("messages").begin_array();
  if (!prompt.system.empty()) {
    json.begin_object().member("role", "system").key("content");
    write_text(json, prompt.system);
    json.end_object();
  }
  json.begin_object().member("role", "user").key("content");
  write_text(json, prompt.user);
  json.end_object();
  for (const std::string& message : options.more) json.raw(message);
  json.end_array();
  if (choice.max_tokens) json.member("max_completion_tokens", *choice.max_tokens);
  if (choice.temperature) json.member("temperature", *choice.temperature);
  if (const std::string_view word = effort(choice.thinking); !word.empty()) {
    json.member("reasoning_effort", word);
  }
  if (task.settings->output != nullptr) {
    json.key("response_format").begin_object().member("type", "json_schema").key("json_schema");
    json.begin_object().member("name", "answer").key("schema").raw(task.settings->output->schema);
    json.end_object().end_object();
  }
  if (!options.user.empty()) json.member("user", options.user);
  json.member("stream", options.stream);
  if (options.stream) {
    json.key("stream_options").begin_object().member("include_usage", true).end_object();
  }
  json.end_object();
  return out;
}

Tokens estimate_tokens(std::string_view text) {
  if (text.empty()) return 0;
  workload::TokenSample sample;
  protocol::count_bytes(text, sample.text);
  return workload::estimate_tokens(workload::PlainEstimate(sample), workload::TokenWeights{});
}

Tokens estimate_tokens(const Prompt& prompt) {
  return estimate(prompt.system) + estimate(prompt.user);
}

}  // namespace tidegate::workflow
