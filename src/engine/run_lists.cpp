// How a runner makes a task into its items, and the task's result of theirs.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/fault_point.h"
#include "engine/runner.h"

namespace tidegate::engine {

// The list and the keys come from what is durable, so an earlier process made the same items.
void Runner::expand(std::uint32_t task) {
  const Unit unit{task};
  const workflow::Task& definition = this->definition(task);
  auto list = definition.extras->for_each.evaluate(TaskScope(scope_, &definition));
  if (!list || !list->is_list()) {
    fail_unit(unit, list ? fmt::format("`for_each` must give a list, it gives {}",
                                       workflow::kind_name(list->kind()))
                         : "`for_each` has no value: " + list.error().message);
    return;
  }
  auto fan = std::make_unique<Fan>();
  fan->values = list->items();
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < fan->values.size(); ++i) {
    const TaskScope scope(scope_, &definition, fan->values[i], static_cast<std::int64_t>(i));
    std::string key;
    if (definition.extras->item_key.empty()) {
      fan->values[i].append_text(key);
    } else if (auto made = definition.extras->item_key.render(scope)) {
      key = std::move(*made);
    } else {
      fail_unit(unit,
                fmt::format("`item_key` has no value for item {}: {}", i, made.error().message));
      return;
    }
    redact(key);
    if (!seen.insert(key).second) {
      fail_unit(unit, fmt::format("two items have the key \"{}\": give `item_key` an expression "
                                  "that tells them apart",
                                  key));
      return;
    }
    fan->keys.push_back(std::move(key));
  }
  fan->items.resize(fan->keys.size());
  std::vector<std::uint32_t> pending;
  if (const auto stored = stored_items_.find(task); stored != stored_items_.end()) {
    for (std::uint32_t i = 0; i < fan->keys.size(); ++i) {
      const auto found = stored->second.find(fan->keys[i]);
      if (found == stored->second.end() || (i != 0 && found->second.first != fan->first + i)) {
        fail_unit(unit, "its list of items is not that of the run's journal");
        return;
      }
      if (i == 0) fan->first = found->second.first;
      fan->items[i] = std::move(found->second.second);
      if (!has_ended(fan->items[i].state)) pending.push_back(i);
    }
    stored_items_.erase(stored);
  } else {
    fan->first = next_number_;
    next_number_ += static_cast<std::uint32_t>(fan->keys.size());
    std::vector<Reuse> reused = reuse_items(task, *fan);
    for (std::uint32_t i = 0; i < fan->items.size(); ++i) {
      if (!has_ended(fan->items[i].state)) pending.push_back(i);
    }
    counts_.succeeded += reused.size();
    counts_.waiting += pending.size();
    --counts_.waiting;
    services_.journal.append(
        AddItems{.run = start_.id,
                 .parent = task,
                 .first = fan->first,
                 .keys = std::make_shared<const std::vector<std::string>>(fan->keys),
                 .at = now(),
                 .reused = std::move(reused)});
    pass(FaultPoint::items_appended);
  }
  TaskStatus& status = tasks_[task];
  status.own.state = TaskState::expanded;
  status.fan = std::move(fan);
  const std::uint32_t most =
      definition.extras->max_parallel == 0 ? UINT32_MAX : definition.extras->max_parallel;
  const bool none = pending.empty();
  const bool prime = start_.workflow->run.prime && pending.size() == status.fan->items.size();
  scheduler_->expand(task, std::move(pending), prime ? 1 : most, services_.loop.now());
  if (none) complete_fan(task);
}

// A task whose items have all ended.
void Runner::complete_fan(std::uint32_t task) {
  TaskStatus& status = tasks_[task];
  workflow::List outputs;
  std::size_t cancelled = 0;
  workflow::Need& need = status.need;
  for (Work& item : status.fan->items) {
    need.succeeded += item.state == TaskState::succeeded;
    need.failed += item.state == TaskState::failed;
    cancelled += item.state == TaskState::cancelled;
    need.cost += item.cost;
    outputs.push_back(item.output);
    item.output = {};
  }
  need.output = workflow::Value(std::move(outputs));
  TaskState state = TaskState::succeeded;
  if (cancelled != 0) state = TaskState::cancelled;
  if (need.failed != 0) {
    state = TaskState::failed;
    status.own.error = fmt::format("{} of {} items failed", need.failed, status.fan->items.size());
  }
  need.outcome = outcome_of(state);
  set_state({task}, state);
  status.released = true;
  scheduler_->end_task(task, services_.loop.now());
  count_outcome(task);
}

}  // namespace tidegate::engine
