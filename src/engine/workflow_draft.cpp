#include "engine/workflow_draft.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace tidegate::engine {
namespace {

using workflow::Value;

constexpr std::string_view kName = "workflow.yaml";
constexpr double kMostUsd = 1e9;

// The text that was sent, and nothing of this machine.
class SentFile final : public workflow::FileSource {
 public:
  explicit SentFile(std::string text) : text_(std::move(text)) {}
  Result<std::string> read(const std::string& path) const override {
    if (path == kName) return text_;
    return fail(ErrorCode::forbidden,
                fmt::format("\"{}\" is a file, and a workflow that is sent may name none; put its "
                            "text in, or start it with `tidegate workflow run`",
                            path));
  }

 private:
  std::string text_;
};

std::unexpected<DraftProblems> wrong(std::string message) {
  return std::unexpected(DraftProblems{std::move(message), {}});
}

constexpr const char* kBadBudget = "budget_usd: expected dollars above 0";

std::optional<NanoDollars> dollars(const Value& value) {
  const double usd = value.number();
  if (!(usd > 0) || usd > kMostUsd) return std::nullopt;
  return NanoDollars{std::llround(usd * 1e9)};
}

struct Sent {
  std::string text;
  workflow::Map inputs;
  std::optional<NanoDollars> budget;
};

std::expected<Sent, DraftProblems> read_json(std::string_view body) {
  const Result<Value> value = Value::parse(body);
  if (!value) return wrong(value.error().message);
  if (!value->is_map()) return wrong("expected an object with a member `workflow`");
  Sent out;
  for (const workflow::Member& member : value->members()) {
    if (member.name == "workflow") {
      // A workflow as JSON is a file too.
      member.value.append_text(out.text);
    } else if (member.name == "inputs" && member.value.is_map()) {
      out.inputs = member.value.members();
    } else if (member.name == "budget_usd" && member.value.is_number()) {
      out.budget = dollars(member.value);
      if (!out.budget) return wrong(kBadBudget);
    } else {
      return wrong(
          fmt::format("\"{}\": expected workflow (a text), inputs (an object) and "
                      "budget_usd (a number)",
                      member.name));
    }
  }
  if (out.text.empty()) return wrong("workflow: expected the text of a workflow file");
  return out;
}

}  // namespace

std::expected<WorkflowDraft, DraftProblems> read_workflow_draft(
    std::string_view content_type, std::string_view body,
    const workflow::Surroundings& surroundings) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  Sent sent;
  if (equals_ignoring_case(type, "application/json")) {
    std::expected<Sent, DraftProblems> read = read_json(body);
    if (!read) return std::unexpected(std::move(read.error()));
    sent = std::move(*read);
  } else if (equals_ignoring_case(type, "application/yaml")) {
    sent.text = body;
  } else {
    return wrong("content-type: expected application/json or application/yaml");
  }
  workflow::Loaded loaded =
      workflow::load(std::string(kName), SentFile(std::move(sent.text)), surroundings);
  if (!loaded.ok()) {
    return std::unexpected(DraftProblems{"the workflow has problems", std::move(loaded.problems)});
  }
  if (const std::string reach = reach_beyond_models(*loaded.workflow); !reach.empty()) {
    return wrong(
        fmt::format("{}: a workflow that is sent may neither start programs nor use variables of "
                    "the environment; start it with `tidegate workflow run`",
                    reach));
  }
  Result<workflow::Map> inputs = workflow::bind_inputs(*loaded.workflow, sent.inputs);
  if (!inputs) return wrong(inputs.error().message);
  return WorkflowDraft{std::move(loaded.workflow), std::move(*inputs), sent.budget};
}

std::string reach_beyond_models(const workflow::Workflow& workflow) {
  for (const workflow::McpServer& server : workflow.mcp_servers) {
    if (!server.command.empty() || !server.auth_env.empty() || !server.env.empty()) {
      return "mcp_servers." + server.name;
    }
  }
  for (const workflow::Task& task : workflow.tasks) {
    if (!task.extras || task.extras->uses == nullptr) continue;
    std::string within = reach_beyond_models(*task.extras->uses);
    if (!within.empty()) return within;
  }
  return {};
}

Result<GoOn> read_go_on(std::string_view body, bool as_fork) {
  GoOn out;
  if (!trim(body).empty()) {
    const Result<Value> value = Value::parse(body);
    if (!value) return std::unexpected(value.error());
    if (!value->is_map()) return fail(ErrorCode::invalid, "expected an object");
    for (const workflow::Member& member : value->members()) {
      if (member.name == "budget_usd" && member.value.is_number()) {
        out.budget = dollars(member.value);
        if (!out.budget) return fail(ErrorCode::invalid, kBadBudget, "budget_usd");
      } else if (as_fork && member.name == "from" && member.value.is_string()) {
        out.from = member.value.text();
      } else if (as_fork && member.name == "set" && member.value.is_map()) {
        out.set = member.value.members();
      } else {
        return fail(ErrorCode::invalid,
                    fmt::format("\"{}\": expected {}budget_usd (a number)", member.name,
                                as_fork ? "from (a text), set (an object) and " : ""),
                    member.name);
      }
    }
  }
  if (as_fork && out.from.empty()) {
    return fail(ErrorCode::invalid, "from: expected the id of the task that is done again", "from");
  }
  return out;
}

}  // namespace tidegate::engine
