// Workflow::text(): a graph that a program built, as a workflow's file, so that what reads and
// checks files reads and checks it too.
#include <fmt/format.h>

#include "base/money.h"
#include "json/writer.h"
#include "tidegate/workflow.h"

namespace tidegate {
namespace {

std::string_view word(Thinking thinking) {
  switch (thinking) {
    case Thinking::off:
      return "off";
    case Thinking::low:
      return "low";
    case Thinking::medium:
      return "medium";
    case Thinking::high:
      return "high";
    case Thinking::max:
      return "max";
    case Thinking::automatic:
      break;
  }
  return {};
}

void write_list(json::Writer& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_text(json::Writer& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.member(name, text);
}

void write_usd(json::Writer& json, std::string_view name, NanoDollars amount) {
  json.key(name).raw(format_usd(amount).substr(1));
}

void write_task(json::Writer& json, const AgentTask& task) {
  json.begin_object().member("id", task.id);
  write_text(json, "role", task.role);
  json.member("prompt", task.prompt);
  write_list(json, "needs", task.needs);
  write_list(json, "context", task.context);
  write_text(json, "if", task.condition);
  write_text(json, "for_each", task.for_each);
  write_text(json, "item_key", task.item_key);
  if (task.priority != 0) json.member("priority", task.priority);
  write_text(json, "model", task.model);
  write_list(json, "fallback", task.fallback);
  write_text(json, "thinking", word(task.thinking));
  if (task.temperature) json.member("temperature", *task.temperature);
  if (task.max_tokens) json.member("max_tokens", *task.max_tokens);
  if (!task.json_schema.empty()) {
    json.key("output").begin_object().key("schema").raw(task.json_schema).end_object();
  }
  write_list(json, "tools", task.tools);
  if (task.continue_on_error) json.member("on_error", "continue");
  if (task.side_effects_once) json.member("side_effects", "once");
  if (task.attempts) {
    json.key("retry").begin_object().member("attempts", *task.attempts).end_object();
  }
  if (task.budget) write_usd(json, "budget", *task.budget);
  json.end_object();
}

void write_role(json::Writer& json, const AgentRole& role) {
  json.key(role.name).begin_object();
  write_text(json, "extends", role.extends);
  write_text(json, "system", role.system);
  write_text(json, "model", role.model);
  if (role.temperature) json.member("temperature", *role.temperature);
  json.end_object();
}

void write_server(json::Writer& json, const ToolServer& server) {
  json.key(server.name).begin_object();
  write_list(json, "command", server.command);
  write_text(json, "url", server.url);
  if (!server.auth_env.empty()) {
    json.key("auth").begin_object().member("env", server.auth_env).end_object();
  }
  json.end_object();
}

}  // namespace

std::string Workflow::text() const {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("name", options_.name);
  json.key("run").begin_object().member("max_parallel", options_.max_parallel);
  json.member("fail_fast", options_.fail_fast);
  write_text(json, "idempotency_key", options_.key);
  json.end_object();
  if (options_.budget) write_usd(json, "budget", *options_.budget);
  if (!options_.model.empty()) {
    json.key("defaults").begin_object().member("model", options_.model).end_object();
  }
  if (!options_.inputs.empty()) {
    json.key("inputs").begin_object();
    for (const auto& [name, value] : options_.inputs) {
      json.key(name).begin_object().key("default").raw(value).end_object();
    }
    json.end_object();
  }
  if (!options_.roles.empty()) {
    json.key("roles").begin_object();
    for (const AgentRole& role : options_.roles) write_role(json, role);
    json.end_object();
  }
  if (!options_.tool_servers.empty()) {
    json.key("mcp_servers").begin_object();
    for (const ToolServer& server : options_.tool_servers) write_server(json, server);
    json.end_object();
  }
  write_list(json, "context", options_.context);
  json.key("tasks").begin_array();
  for (const AgentTask& task : tasks_) write_task(json, task);
  json.end_array().end_object();
  return out;
}

}  // namespace tidegate
