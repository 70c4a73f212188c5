// How a runner goes on from what the journal has of its run.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "engine/runner.h"

namespace tidegate::engine {

// What was in flight when its process died is an orphan: nobody knows whether it was billed, so
// what was reserved for it counts as spent. It counts as a try too, so that a task which kills the
// process does not do so for ever.
Result<void> Runner::restore(std::vector<StoredTask> stored) {
  restored_ = true;
  services_.journal.append(OrphanAttempts{.run = start_.id, .at = now()});
  return take_in(std::move(stored));
}

Result<void> Runner::create_from(ForkPlan plan) {
  if (auto taken = take_in(std::move(plan.tasks)); !taken) return taken;
  create(std::move(plan.reused));
  return {};
}

Result<void> Runner::read_output(const StoredTask& stored, const workflow::Task& definition,
                                 Work& work) {
  if (stored.output == 0) return {};
  auto content = services_.content(stored.output);
  if (!content) return std::unexpected(std::move(content.error()));
  const bool json =
      definition.settings->output != nullptr || definition.kind == workflow::TaskKind::uses;
  if (json) {
    if (auto value = workflow::Value::parse(**content)) {
      work.output = std::move(*value);
      return {};
    }
  }
  work.output = workflow::Value(*content);
  return {};
}

// Items of a forked run's list that have ended well in the run before.
Result<std::vector<Reuse>> Runner::reuse_items(std::uint32_t task, Fan& fan) {
  std::vector<Reuse> reused;
  const std::optional<TaskRef>& source = tasks_[task].reused;
  if (!source) return reused;
  auto stored = services_.stored_tasks(source->run);
  if (!stored) return std::unexpected(std::move(stored.error()));
  std::unordered_map<std::string_view, const StoredTask*> ended;
  for (const StoredTask& item : *stored) {
    if (item.parent == source->task && item.state == TaskState::succeeded) {
      ended.emplace(item.item_key, &item);
    }
  }
  for (std::uint32_t i = 0; i < fan.keys.size(); ++i) {
    const auto found = ended.find(fan.keys[i]);
    if (found == ended.end()) continue;
    if (auto read = read_output(*found->second, definition(task), fan.items[i]); !read) {
      return std::unexpected(std::move(read.error()));
    }
    fan.items[i].state = TaskState::succeeded;
    reused.push_back({.task = fan.first + i, .source = {source->run, found->second->task}});
  }
  return reused;
}

Result<void> Runner::take_in(std::vector<StoredTask> stored) {
  counts_ = {};
  next_number_ = static_cast<std::uint32_t>(stored.size());
  // An output is needed while something that waits for it has not ended, or for the run's own.
  std::vector<char> needed(tasks_.size(), start_.workflow->outputs.empty() ? 0 : 1);
  for (const StoredTask& task : stored) {
    if (task.parent || has_ended(task.state)) continue;
    for (const workflow::TaskIndex need : definition(task.task).needs) needed[need] = 1;
  }
  for (const StoredTask& task : stored) {
    if (!task.parent && task.task >= tasks_.size()) {
      return fail(ErrorCode::invalid, "the journal has other tasks than the run's workflow");
    }
    const std::uint32_t index = task.parent.value_or(task.task);
    const workflow::Task& definition = this->definition(index);
    Work work;
    work.state = task.state;
    work.attempts = task.attempts;
    work.tries = task.tries;
    work.orphaned = task.orphaned;
    work.cost = task.cost;
    work.error = task.error;
    budget_of(index).add_spent(task.cost);
    if (has_ended(work.state)) {
      if (needed[index] != 0) {
        if (auto read = read_output(task, definition, work); !read) return read;
      }
    } else if (work.state != TaskState::expanded) {
      if (work.state != TaskState::awaiting) work.state = TaskState::waiting;
      if (!definition.settings->tools.empty() && task.attempts != 0) {
        auto turns = services_.stored_turns(start_.id, task.task);
        if (!turns) return std::unexpected(std::move(turns.error()));
        work.turns = std::move(*turns);
      }
    }
    if (task.parent) {
      stored_items_[index].emplace(task.item_key, std::pair(task.task, std::move(work)));
      continue;
    }
    tasks_[index].own = std::move(work);
    tasks_[index].reused = task.reused;
  }
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    TaskStatus& status = tasks_[task];
    const bool ended = has_ended(status.own.state);
    if (ended) restore_need(task);
    status.released = ended;
    if (ended) {
      const auto items = stored_items_.find(task);
      if (items != stored_items_.end()) stored_items_.erase(items);
    }
  }
  count_restored();
  return {};
}

// What dependents see of a task that has ended.
void Runner::restore_need(std::uint32_t task) {
  TaskStatus& status = tasks_[task];
  workflow::Need& need = status.need;
  need.outcome = outcome_of(status.own.state);
  need.cost = status.own.cost;
  const auto items = stored_items_.find(task);
  if (items == stored_items_.end()) {
    need.output = status.own.output;
    need.succeeded =
        need.outcome == workflow::Outcome::success || need.outcome == workflow::Outcome::approved;
    need.failed = need.outcome == workflow::Outcome::failure;
    return;
  }
  // In the order of their numbers, which is that of the list.
  std::vector<std::pair<std::uint32_t, Work*>> order;
  for (auto& [key, item] : items->second) order.emplace_back(item.first, &item.second);
  std::sort(order.begin(), order.end());
  workflow::List outputs;
  for (const auto& [number, item] : order) {
    need.succeeded += item->state == TaskState::succeeded;
    need.failed += item->state == TaskState::failed;
    need.cost += item->cost;
    outputs.push_back(std::move(item->output));
  }
  need.output = workflow::Value(std::move(outputs));
}

void Runner::count_restored() {
  const auto count = [&](const Work& work) {
    switch (work.state) {
      case TaskState::succeeded:
      case TaskState::approved:
        ++counts_.succeeded;
        break;
      case TaskState::failed:
      case TaskState::rejected:
        ++counts_.failed;
        break;
      case TaskState::skipped:
        ++counts_.skipped;
        break;
      case TaskState::cancelled:
        ++counts_.cancelled;
        break;
      case TaskState::awaiting:
        ++counts_.awaiting;
        break;
      case TaskState::expanded:
        break;
      default:
        ++counts_.waiting;
        break;
    }
    counts_.requests += work.attempts;
  };
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    count(tasks_[task].own);
    if (tasks_[task].released) count_outcome(task);
  }
  for (const auto& [task, items] : stored_items_) {
    for (const auto& [key, item] : items) count(item.second);
  }
}

}  // namespace tidegate::engine
