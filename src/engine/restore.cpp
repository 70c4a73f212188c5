// How a runner goes on from what the journal has of its run.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "engine/runner.h"

namespace tidegate::engine {

// What was in flight when its process died is an orphan: nobody knows whether it was billed, so
// what was reserved for it counts as spent. It counts as a try too. What another process was given
// goes on there.
Result<void> Runner::restore(std::vector<StoredTask> stored, RunContents contents) {
  restored_ = true;
  const Giving* const giving = services_.giving;
  services_.journal.append(OrphanAttempts{
      .run = start_.id, .owner = giving == nullptr ? std::string() : giving->owner(), .at = now()});
  return take_in(std::move(stored), std::move(contents));
}

Result<void> Runner::create_from(ForkPlan plan, RunContents contents) {
  if (auto taken = take_in(std::move(plan.tasks), std::move(contents)); !taken) return taken;
  create(std::move(plan.reused));
  return {};
}

// An output is needed while something that waits for it has not ended, or for the run's own.
std::vector<char> Runner::waited_for(const std::vector<StoredTask>& stored) const {
  std::vector<char> needed(tasks_.size(), start_.workflow->outputs.empty() ? 0 : 1);
  for (const StoredTask& task : stored) {
    if (task.parent || has_ended(task.state) || task.task >= tasks_.size()) continue;
    for (const workflow::TaskIndex need : definition(task.task).needs) needed[need] = 1;
  }
  return needed;
}

NeededContents Runner::needed_contents(const std::vector<StoredTask>& stored) const {
  const std::vector<char> waited = waited_for(stored);
  NeededContents needed;
  for (const StoredTask& task : stored) {
    const std::uint32_t index = task.parent.value_or(task.task);
    if (index >= tasks_.size()) continue;
    if (has_ended(task.state)) {
      if (waited[index] != 0 && task.output != 0) needed.outputs.push_back(task.output);
      continue;
    }
    if (!definition(index).settings->tools.empty() && task.attempts != 0) {
      needed.turns.push_back(task.task);
    }
    if (task.reused && !task.parent) needed.lists.emplace_back(task.task, *task.reused);
  }
  return needed;
}

void Runner::read_output(const StoredTask& stored, const workflow::Task& definition,
                         Work& work) const {
  const auto content = contents_.outputs.find(stored.output);
  if (content == contents_.outputs.end()) return;
  const bool json =
      definition.settings->output != nullptr || definition.kind == workflow::TaskKind::uses;
  if (json) {
    if (auto value = workflow::Value::parse(*content->second)) {
      work.output = std::move(*value);
      return;
    }
  }
  work.output = workflow::Value(content->second);
}

// Items of a forked run's list that have ended well in the run before.
std::vector<Reuse> Runner::reuse_items(std::uint32_t task, Fan& fan) {
  std::vector<Reuse> reused;
  const auto ended = contents_.lists.find(task);
  if (ended == contents_.lists.end()) return reused;
  for (std::uint32_t i = 0; i < fan.keys.size(); ++i) {
    const auto found = ended->second.find(fan.keys[i]);
    if (found == ended->second.end()) continue;
    read_output(found->second, definition(task), fan.items[i]);
    fan.items[i].state = TaskState::succeeded;
    reused.push_back({.task = fan.first + i, .source = found->second.reused.value()});
  }
  return reused;
}

Result<void> Runner::take_in(std::vector<StoredTask> stored, RunContents contents) {
  contents_ = std::move(contents);
  counts_ = {};
  next_number_ = static_cast<std::uint32_t>(stored.size());
  const std::vector<char> needed = waited_for(stored);
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
    work.orphans = task.orphans;
    work.given = task.given;
    work.cost = task.cost;
    work.error = task.error;
    if (work.given) {
      work.cost = work.cost - work.given->reserved;
      budget_of(index).hold(work.given->reserved);
    }
    budget_of(index).add_spent(work.cost);
    if (has_ended(work.state)) {
      if (needed[index] != 0) read_output(task, definition, work);
    } else if (work.state != TaskState::expanded) {
      if (work.state != TaskState::awaiting) work.state = TaskState::waiting;
      if (const auto turns = contents_.turns.find(task.task); turns != contents_.turns.end()) {
        work.turns = std::move(turns->second);
      }
    }
    if (task.parent) {
      stored_items_[index].emplace(task.item_key, std::pair(task.task, std::move(work)));
      continue;
    }
    if (task.asked) asked_until_[index] = task.asked_until;
    tasks_[index].own = std::move(work);
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
  if (contents_.lists.empty()) contents_ = {};
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
