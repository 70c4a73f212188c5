// A task's request: its texts in an order that providers' prompt caches can use, and its body.
// Called by the engine before each attempt. Pure functions, any thread.
//
// What most tasks of a run have in common comes first: the role's system prompt, the shared
// context, the outputs that the task names under `context` in the order of the file, and last the
// task's own prompt. Tools stand sorted by name, and the bytes of all that are the same from task
// to task.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "workflow/definition.h"

namespace tidegate::workflow {

struct Prompt {
  std::vector<Piece> system;  // the role's, then the shared context
  std::vector<Piece> user;    // outputs under `context`, then the task's prompt
};

// Error invalid: an expression has no value. `field` is its text.
[[nodiscard]] Result<Prompt> render(const Workflow& workflow, const Task& task, const Scope& scope);

[[nodiscard]] std::string text_of(const std::vector<Piece>& pieces);

// A tool as a model sees it.
struct ToolForm {
  std::string name;  // as chat APIs allow it: letters, digits, _ and -
  std::string description;
  std::string parameters;  // JSON Schema, JSON
};

struct BodyOptions {
  std::string_view user;              // the run's, the same for all of its tasks; empty: none
  std::span<const ToolForm> tools{};  // in any order
  // Messages behind the prompt: answers, tool results and repairs of this attempt, each a JSON
  // object.
  std::span<const std::string> more{};
  bool stream = true;
};

// The body of a POST to /v1/chat/completions.
[[nodiscard]] std::string request_body(const Task& task, const Prompt& prompt,
                                       const BodyOptions& options);

// Tokens of a text, as the gateway estimates them before any calibration.
[[nodiscard]] Tokens estimate_tokens(std::string_view text);
[[nodiscard]] Tokens estimate_tokens(const Prompt& prompt);

}  // namespace tidegate::workflow
