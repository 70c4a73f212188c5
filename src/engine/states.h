// The states of runs, tasks and attempts, and how they are written in the journal and in reports.
// Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidegate::engine {

enum class RunState : std::uint8_t {
  running,
  succeeded,
  failed,            // a task failed whose on_error is `fail`
  partial,           // a task failed, but only such whose on_error lets the run go on
  paused_budget,     // the next attempt does not fit the budget
  paused_window,     // everything that could run waits for a price window
  waiting_approval,  // everything that could run waits for a person
  cancelled,
};

enum class TaskState : std::uint8_t {
  waiting,   // for its needs, or for its turn
  expanded,  // its items are tasks of their own now
  running,
  delayed,   // for another attempt
  awaiting,  // an approval
  succeeded,
  failed,
  skipped,
  cancelled,
  approved,
  rejected,
};

enum class AttemptState : std::uint8_t {
  sent,  // committed before the request left; nothing is known of its end
  done,  // answered
  failed,
  orphaned,  // in flight when the process died
};

[[nodiscard]] constexpr bool has_ended(TaskState state) { return state >= TaskState::succeeded; }
// A run that goes on by itself, or once it is resumed.
[[nodiscard]] constexpr bool is_live(RunState state) {
  return state != RunState::succeeded && state != RunState::failed && state != RunState::partial &&
         state != RunState::cancelled;
}

[[nodiscard]] std::string_view name_of(RunState state);
[[nodiscard]] std::string_view name_of(TaskState state);
[[nodiscard]] std::string_view name_of(AttemptState state);
[[nodiscard]] std::optional<RunState> parse_run_state(std::string_view name);
[[nodiscard]] std::optional<TaskState> parse_task_state(std::string_view name);
[[nodiscard]] std::optional<AttemptState> parse_attempt_state(std::string_view name);

}  // namespace tidegate::engine
