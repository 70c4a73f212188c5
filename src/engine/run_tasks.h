// What a runner knows of its tasks: their states, outputs and items. Used by the runner and by what
// works on single tasks for it; lives on its loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/conversation.h"
#include "engine/records.h"
#include "engine/states.h"
#include "workflow/definition.h"
#include "workflow/scope.h"

namespace tidegate::engine {

// One piece of work: a task without items, or one item.
struct Work {
  TaskState state = TaskState::waiting;
  std::uint32_t attempts = 0;         // requests so far
  std::uint32_t tries = 0;            // of the task's own request with the present model
  std::uint16_t model = 0;            // 0: the task's, then its fallbacks
  bool held_by_window = false;        // while delayed
  std::uint32_t orphans = 0;          // attempts that were in flight when their process died
  std::optional<GivenAttempt> given;  // by an earlier process
  NanoDollars cost{};
  Tokens tokens = 0;
  workflow::Value output;
  std::string error;
  std::vector<StoredTurn> turns;  // of an earlier process or attempt
};

struct Fan {
  std::uint32_t first = 0;  // number in the journal of the first item
  std::vector<workflow::Value> values;
  std::vector<std::string> keys;
  std::vector<Work> items;
};

struct TaskStatus {
  Work own;
  workflow::Need need;  // as its dependents see it
  std::unique_ptr<Fan> fan;
  bool released = false;  // the scheduler knows that it has ended
};

// How dependents see a task in `state`.
[[nodiscard]] workflow::Outcome outcome_of(TaskState state);

// What an expression of a task, or of one of its items, may ask for.
class TaskScope final : public workflow::Scope {
 public:
  struct Run {
    const workflow::Workflow* workflow = nullptr;
    const workflow::Map* inputs = nullptr;
    const std::vector<TaskStatus>* tasks = nullptr;
    std::string id;
    WallTime created;
    bool cancelled = false;
  };
  // `task` null: a run's outputs, which may name every task.
  TaskScope(const Run& run, const workflow::Task* task, const Fan* fan = nullptr,
            std::uint32_t item = 0)
      : run_(run), task_(task), fan_(fan), item_(item) {}
  // A task's item_key, of an item whose key is not known yet.
  TaskScope(const Run& run, const workflow::Task* task, workflow::Value value, std::int64_t index)
      : run_(run), task_(task), value_(std::move(value)), index_(index) {}

  [[nodiscard]] workflow::Value input(std::string_view name) const override;
  [[nodiscard]] const workflow::Need* need(std::string_view id) const override;
  [[nodiscard]] std::vector<const workflow::Need*> needs() const override;
  [[nodiscard]] workflow::Value item() const override;
  [[nodiscard]] std::int64_t item_index() const override;
  [[nodiscard]] std::string_view item_key() const override;
  [[nodiscard]] workflow::Value run(std::string_view name) const override;
  [[nodiscard]] bool cancelled() const override { return run_.cancelled; }

 private:
  const Run& run_;
  const workflow::Task* task_;
  const Fan* fan_ = nullptr;
  std::uint32_t item_ = 0;
  workflow::Value value_;
  std::int64_t index_ = -1;
};

}  // namespace tidegate::engine
