// What tasks, roles and defaults say of how a task is asked, before it is put together: a layer
// each, of which the higher one counts. Used by the loader. Plain values and constant tables, any
// thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workflow/definition.h"
#include "workflow/form.h"

namespace tidegate::workflow {

struct RetryLayer {
  std::optional<int> attempts;
  std::optional<std::pair<Duration, Duration>> backoff;
  std::optional<bool> jitter;
  std::optional<std::uint32_t> on;
};

struct TimeoutLayer {
  std::optional<Duration> queue, idle, total;
};

struct GuardLayer {
  std::optional<int> turns, repeat_tool_call;
  std::optional<Tokens> tokens;
};

// What a workflow's own route says.
struct ChoiceLayer {
  std::optional<std::string> model;
  std::optional<std::vector<std::string>> fallback;
  std::optional<config::Thinking> thinking;
  std::optional<double> temperature;
  std::optional<Tokens> max_tokens;
};

struct SettingsLayer {
  std::optional<std::string> route;
  Tree::Index route_at = 0;
  ChoiceLayer choice;
  TimeoutLayer timeout;
  RetryLayer retry;
  GuardLayer limits;
  std::optional<OnError> on_error;
  std::optional<ContextPolicy> context_policy;
  std::optional<SideEffects> side_effects;
  std::optional<Window> window;
  std::optional<Deadline> deadline;
  std::optional<NanoDollars> budget;
  std::optional<std::vector<std::string>> tools;
  std::vector<Tree::Index> tools_at;
  std::optional<std::shared_ptr<const OutputForm>> output;  // null: any text
};

const Keys<ChoiceLayer>& choice_keys();
const Keys<RetryLayer>& retry_keys();
const Keys<TimeoutLayer>& timeout_keys();
const Keys<GuardLayer>& guard_keys();
const Keys<SettingsLayer>& settings_keys();

extern const std::vector<std::pair<std::string_view, Window>> kWindows;

// A model's name that the catalogue knows, "auto", or "route:NAME".
bool check_model(FileReader& reader, Tree::Index at, std::string_view model);

// What `layer` says counts.
void apply(const ChoiceLayer& layer, ModelChoice& choice);
void apply(const SettingsLayer& layer, TaskSettings& settings);

}  // namespace tidegate::workflow
