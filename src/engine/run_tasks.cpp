#include "engine/run_tasks.h"

namespace tidegate::engine {

using workflow::Need;
using workflow::Outcome;
using workflow::Value;

Outcome outcome_of(TaskState state) {
  switch (state) {
    case TaskState::succeeded:
      return Outcome::success;
    case TaskState::failed:
      return Outcome::failure;
    case TaskState::skipped:
      return Outcome::skipped;
    case TaskState::cancelled:
      return Outcome::cancelled;
    case TaskState::approved:
      return Outcome::approved;
    case TaskState::rejected:
      return Outcome::rejected;
    default:
      return Outcome::none;
  }
}

Value TaskScope::input(std::string_view name) const {
  for (const workflow::Member& input : *run_.inputs) {
    if (input.name == name) return input.value;
  }
  return Value();
}

const Need* TaskScope::need(std::string_view id) const {
  if (task_ == nullptr) {
    const auto found = run_.workflow->find(id);
    return found ? &(*run_.tasks)[*found].need : nullptr;
  }
  for (const workflow::TaskIndex need : task_->needs) {
    if (run_.workflow->tasks[need].id == id) return &(*run_.tasks)[need].need;
  }
  return nullptr;
}

std::vector<const Need*> TaskScope::needs() const {
  std::vector<const Need*> all;
  if (task_ == nullptr) {
    for (const TaskStatus& task : *run_.tasks) all.push_back(&task.need);
  } else {
    for (const workflow::TaskIndex need : task_->needs) all.push_back(&(*run_.tasks)[need].need);
  }
  return all;
}

Value TaskScope::item() const { return fan_ != nullptr ? fan_->values[item_] : value_; }

std::int64_t TaskScope::item_index() const { return fan_ != nullptr ? item_ : index_; }

std::string_view TaskScope::item_key() const {
  return fan_ != nullptr ? std::string_view(fan_->keys[item_]) : std::string_view();
}

Value TaskScope::run(std::string_view name) const {
  if (name == "id") return Value(run_.id);
  if (name == "name") return Value(run_.workflow->name);
  if (name == "time") return Value(format_rfc3339(run_.created));
  if (name == "date") return Value(format_rfc3339(run_.created).substr(0, 10));
  return Value();
}

}  // namespace tidegate::engine
