// What a POST to /api/workflows asks for: a workflow out of the body, checked, and its inputs.
// Pure functions, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "config/config.h"
#include "workflow/definition.h"
#include "workflow/load.h"

namespace tidegate::engine {

struct WorkflowDraft {
  std::shared_ptr<const workflow::Workflow> workflow;
  workflow::Map inputs;
  std::optional<NanoDollars> budget;
};

struct DraftProblems {
  std::string message;                    // of the body as a whole
  std::vector<config::Problem> problems;  // of the workflow, by line and column
};

// `content_type`: application/json, {"workflow": the file's text, "inputs": {...}, "budget_usd":
// 5}, or application/yaml, the file itself.
//
// Who sends a workflow may make this machine ask models, no more: one that reads files, starts
// programs or sends variables of the environment away is refused.
[[nodiscard]] std::expected<WorkflowDraft, DraftProblems> read_workflow_draft(
    std::string_view content_type, std::string_view body,
    const workflow::Surroundings& surroundings);

// Why who sends it may not have it begun; empty: nothing speaks against it.
[[nodiscard]] std::string reach_beyond_models(const workflow::Workflow& workflow);

// {"from": "review", "set": {...}, "budget_usd": 5}, and {"budget_usd": 5} alone where a run shall
// go on.
struct GoOn {
  std::string from;
  workflow::Map set;
  std::optional<NanoDollars> budget;
};
[[nodiscard]] Result<GoOn> read_go_on(std::string_view body, bool as_fork);

}  // namespace tidegate::engine
