#include "engine/states.h"

#include <algorithm>
#include <array>

namespace tidegate::engine {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 8> kRunStates{
    "running",       "succeeded",     "failed",           "partial",
    "paused_budget", "paused_window", "waiting_approval", "cancelled"};
constexpr std::array<std::string_view, 11> kTaskStates{
    "waiting", "expanded", "running",   "delayed",  "awaiting", "succeeded",
    "failed",  "skipped",  "cancelled", "approved", "rejected"};
constexpr std::array<std::string_view, 4> kAttemptStates{"sent", "done", "failed", "orphaned"};

template <class State, std::size_t N>
std::optional<State> find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<State>(found - names.begin());
}

}  // namespace

std::string_view name_of(RunState state) { return kRunStates[static_cast<std::size_t>(state)]; }
std::string_view name_of(TaskState state) { return kTaskStates[static_cast<std::size_t>(state)]; }
std::string_view name_of(AttemptState state) {
  return kAttemptStates[static_cast<std::size_t>(state)];
}
std::optional<RunState> parse_run_state(std::string_view name) {
  return find<RunState>(kRunStates, name);
}
std::optional<TaskState> parse_task_state(std::string_view name) {
  return find<TaskState>(kTaskStates, name);
}
std::optional<AttemptState> parse_attempt_state(std::string_view name) {
  return find<AttemptState>(kAttemptStates, name);
}

}  // namespace tidegate::engine
