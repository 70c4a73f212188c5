// How a run pauses and ends: by itself, by being cancelled, or without a journal.
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "engine/fault_point.h"
#include "engine/runner.h"

namespace tidegate::engine {

// With nothing at work, the run has ended, is held up, or waits for a time or a person.
void Runner::settle_idle() {
  if (ended_) return;
  TimePoint wake = scheduler_->next_time();
  for (const Open& open : approvals_) wake = std::min(wake, open.until);
  timer_.disarm();
  if (!stopping_ && !pausing_ && wake != kNever) services_.loop.arm(timer_, wake);
  if (scheduler_->running() != 0) {
    if (state_ != RunState::running) change_run(RunState::running, {});
    return;
  }
  if (stopping_) {
    cancel_rest();
    finish(stop_state_, reason_);
  } else if (pausing_) {
    finish(RunState::paused_budget, reason_);
  } else if (scheduler_->tasks_left() == 0) {
    finish(failed_    ? RunState::failed
           : partial_ ? RunState::partial
                      : RunState::succeeded,
           reason_);
  } else if (scheduler_->delayed() != 0) {
    const bool window = counts_.delayed < scheduler_->delayed();
    const RunState next = window ? RunState::paused_window : RunState::running;
    if (state_ != next) {
      change_run(next, window ? fmt::format("waits until {} for the cheap hours of its models; "
                                            "with window: any it would not",
                                            format_minute(cheap_from_))
                              : "");
    }
  } else if (scheduler_->aside() != 0) {
    if (state_ != RunState::waiting_approval) {
      change_run(RunState::waiting_approval,
                 fmt::format("task {} waits for an approval",
                             approvals_.empty() ? "?" : definition(approvals_.front().task).id));
    }
  }
}

void Runner::stop(RunState state, std::string reason) {
  if (stopping_ || ended_) return;
  stopping_ = true;
  stop_state_ = state;
  reason_ = std::move(reason);
  scope_.cancelled = true;
  cancel_live(reason_);
  wake_waiting_for_money();
}

// Whoever is cancelled may end at once, and with it what is looked at here.
void Runner::cancel_live(const std::string& reason) {
  std::vector<Unit> units;
  for (const auto& [unit, cancel] : live_) units.push_back(unit);
  for (const auto& [unit, child] : children_) units.push_back(unit);
  for (const Unit unit : units) {
    if (const auto live = live_.find(unit); live != live_.end()) live->second->cancel();
    if (const auto child = children_.find(unit); child != children_.end()) {
      child->second->cancel(reason);
    }
  }
}

void Runner::cancel(std::string reason) {
  stop(RunState::cancelled, std::move(reason));
  pump();
}

void Runner::cancel_unit(Unit unit) {
  if (has_ended(work_of(unit).state)) return;
  set_state(unit, TaskState::cancelled);
}

// Whatever has not begun.
void Runner::cancel_rest() {
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    TaskStatus& status = tasks_[task];
    if (status.released) continue;
    if (status.fan != nullptr) {
      for (std::uint32_t i = 0; i < status.fan->items.size(); ++i) cancel_unit({task, i});
    }
    cancel_unit({task});
    status.released = true;
  }
}

void Runner::change_run(RunState state, const std::string& reason) {
  state_ = state;
  services_.journal.append(
      SetRunState{.run = start_.id, .state = state, .reason = reason, .at = now()});
  if (watcher_ != nullptr) watcher_->run_changed(*this, state, reason);
}

void Runner::finish(RunState state, std::string reason) {
  pass(FaultPoint::run_ending);
  if (!is_live(state) && state != RunState::cancelled) {
    workflow::Map outputs;
    const TaskScope scope(scope_, nullptr);
    for (const auto& [name, text] : start_.workflow->outputs) {
      auto value = text.evaluate(scope);
      if (!value && state == RunState::succeeded) {
        state = RunState::partial;
        reason = fmt::format("output {} has no value: {}", name, value.error().message);
      }
      outputs.push_back({name, value ? std::move(*value) : workflow::Value()});
    }
    end_.outputs = workflow::Value(std::move(outputs));
    std::string json = end_.outputs.json();
    redact(json);
    services_.journal.append(SetRunOutputs{
        .run = start_.id, .outputs = std::make_shared<const std::string>(std::move(json))});
  }
  change_run(state, reason);
  end_.state = state;
  end_.reason = std::move(reason);
  end_.spent = budget_.spent();
  ended_ = true;
  timer_.disarm();
  // Not from here: the coroutine of the last task is still on the stack.
  if (waiter_) services_.loop.post([waiter = waiter_] { waiter.resume(); });
}

// Nothing more can be written, so nothing more may be sent. What is in flight is left to its end.
void Runner::journal_lost(const Error& error) {
  if (ended_) return;
  end_.lost = error;
  end_.state = state_;
  end_.reason = error.message;
  end_.spent = budget_.spent();
  ended_ = true;
  timer_.disarm();
  // What its sub-workflows have is kept as well: they are resumed with it.
  std::vector<Runner*> children;
  for (const auto& [unit, child] : children_) children.push_back(child);
  for (Runner* const child : children) child->journal_lost(error);
  cancel_live(error.message);
  wake_waiting_for_money();
  if (waiter_) services_.loop.post([waiter = waiter_] { waiter.resume(); });
}

Result<void> Runner::cancel_task(std::string_view task) {
  if (const auto [child, rest] = within(task); child != nullptr) return child->cancel_task(rest);
  const Result<Unit> found = find_unit(task);
  if (!found) return std::unexpected(found.error());
  if (has_ended(work_of(*found).state)) {
    return fail(ErrorCode::invalid, fmt::format("task {} has ended already", task));
  }
  std::vector<std::uint32_t> tasks;
  const auto stop_live = [&](Unit unit) {
    const auto live = live_.find(unit);
    if (live != live_.end()) live->second->cancel();
    const auto child = children_.find(unit);
    if (child != children_.end()) child->second->cancel("its task was cancelled");
    return live != live_.end() || child != children_.end();
  };
  const auto stop_task = [&](std::uint32_t index) {
    TaskStatus& status = tasks_[index];
    std::erase_if(approvals_, [&](const Open& open) { return open.task == index; });
    if (status.fan != nullptr && !status.released) {
      const auto withdrawn = scheduler_->withdraw_items(index);
      for (const std::uint32_t item : withdrawn) cancel_unit({index, item});
      bool busy = false;
      for (std::uint32_t i = 0; i < status.fan->items.size(); ++i) {
        if (has_ended(status.fan->items[i].state)) continue;
        busy = true;
        if (!stop_live({index, i})) cancel_unit({index, i});
      }
      if (!busy) complete_fan(index);
      return;
    }
    if (has_ended(status.own.state) || stop_live({index})) return;
    const bool aside = status.own.state == TaskState::awaiting;
    cancel_unit({index});
    if (aside) {
      scheduler_->come_back({index}, services_.loop.now());
    } else {
      status.released = true;
      scheduler_->end_task(index, services_.loop.now());
      count_outcome(index);
    }
  };
  if (!found->whole()) {
    // It ends when it is taken next, if it does not run.
    if (!stop_live(*found)) cancel_unit(*found);
  } else {
    // All that need it, before it: they must not begin because it has ended.
    std::vector<char> seen(tasks_.size());
    tasks.push_back(found->task);
    seen[found->task] = 1;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      for (const std::uint32_t next : scheduler_->dependents(tasks[i])) {
        if (seen[next]++ == 0) tasks.push_back(next);
      }
    }
    for (auto each = tasks.rbegin(); each != tasks.rend(); ++each) stop_task(*each);
  }
  pump();
  return {};
}

}  // namespace tidegate::engine
