#include "engine/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/fault_point.h"
#include "workflow/load.h"

namespace tidegate::engine {
namespace {

using workflow::OnError;
using workflow::Outcome;
using workflow::TaskKind;

constexpr Duration kFirstGuess = 60s;  // how long a task takes, before any has ended

}  // namespace

// What run() waits for.
struct Runner::Ended {
  Runner& runner;
  [[nodiscard]] bool await_ready() const { return runner.ended_; }
  void await_suspend(std::coroutine_handle<> coroutine) const { runner.waiter_ = coroutine; }
  void await_resume() const {}
};

Runner::Runner(const Services& services, RunStart start)
    : services_(services),
      start_(std::move(start)),
      budget_("the run", start_.budget ? start_.budget : start_.workflow->budget.usd,
              start_.within),
      timer_(
          [](void* self) {
            static_cast<Runner*>(self)->look_at_approvals();
            static_cast<Runner*>(self)->pump();
          },
          this) {
  const workflow::Workflow& workflow = *start_.workflow;
  tasks_.resize(workflow.tasks.size());
  for (std::size_t i = 0; i < tasks_.size(); ++i) tasks_[i].need.id = workflow.tasks[i].id;
  next_number_ = static_cast<std::uint32_t>(tasks_.size());
  counts_.waiting = tasks_.size();
  scope_ = {.workflow = &workflow,
            .inputs = &start_.inputs,
            .tasks = &tasks_,
            .id = start_.id.text(),
            .created = start_.created};
  for (const auto& [role, limit] : workflow.budget.per_role) {
    role_budgets_[role] =
        std::make_unique<Budget>("role " + workflow.roles[role].name, limit, &budget_);
  }
}

Runner::~Runner() = default;

void Runner::create(std::vector<Reuse> reused) {
  const workflow::Workflow& workflow = *start_.workflow;
  auto tasks = std::make_shared<std::vector<NewTask>>();
  tasks->reserve(workflow.tasks.size());
  for (const workflow::Task& task : workflow.tasks) {
    tasks->push_back({.id = task.id,
                      .role = task.role == workflow::kNoRole ? "" : workflow.roles[task.role].name,
                      .priority = task.priority});
  }
  // Secrets stay where they came from: a run that is resumed asks the environment again.
  workflow::Map inputs;
  for (const workflow::Member& given : start_.inputs) {
    const auto found = std::ranges::find(workflow.inputs, given.name, &workflow::Input::name);
    if (found == workflow.inputs.end() || !found->secret) inputs.push_back(given);
  }
  services_.journal.append(CreateRun{
      .run = start_.id,
      .key = start_.key,
      .name = workflow.name,
      .spec_hash = workflow.hash,
      .spec = std::make_shared<const std::string>(workflow::pack(workflow.files)),
      .inputs = std::make_shared<const std::string>(workflow::Value(std::move(inputs)).json()),
      .parent = start_.parent,
      .created = start_.created,
      .budget = budget_.limit(),
      .tasks = std::move(tasks),
      .reused = std::move(reused)});
}

Work& Runner::work_of(Unit unit) {
  TaskStatus& status = tasks_[unit.task];
  return unit.whole() ? status.own : status.fan->items[unit.item];
}

std::uint32_t Runner::number_of(Unit unit) const {
  return unit.whole() ? unit.task : tasks_[unit.task].fan->first + unit.item;
}

Budget& Runner::budget_of(std::uint32_t task) {
  const workflow::Task& definition = this->definition(task);
  Budget* within = &budget_;
  if (const auto role = role_budgets_.find(definition.role); role != role_budgets_.end()) {
    within = role->second.get();
  }
  if (!definition.settings->budget || definition.kind == TaskKind::uses) return *within;
  auto& own = task_budgets_[task];
  if (own == nullptr) {
    own = std::make_unique<Budget>("task " + definition.id, definition.settings->budget, within);
  }
  return *own;
}

Task<RunEnd> Runner::run() {
  const workflow::RunSettings& settings = start_.workflow->run;
  std::vector<SchedulerTask> tasks(tasks_.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const workflow::Task& task = start_.workflow->tasks[i];
    tasks[i] = {.priority = task.priority, .needs = task.needs, .ended = tasks_[i].released};
  }
  scheduler_.emplace(Scheduler::Options{.max_parallel = settings.max_parallel,
                                        .lower_first = settings.priority_order ==
                                                       workflow::PriorityOrder::lower_first},
                     tasks, services_.loop.now());
  tasks = {};
  pump();
  Ended ended{*this};
  co_await ended;
  while (!group_.empty()) {
    co_await services_.loop.sleep_until(services_.loop.now() + 10ms);
  }
  if (!end_.lost) {
    const Result<void> durable = co_await services_.journal.durable();
    if (!durable) end_.lost = durable.error();
  }
  co_return end_;
}

// Starts what is ready. A task that ends at once makes others ready, so this is a loop and no
// recursion, however deep the graph is.
void Runner::pump() {
  if (pumping_ || !scheduler_) return;
  pumping_ = true;
  while (!ended_ && !stopping_ && !pausing_) {
    const auto unit = scheduler_->take(services_.loop.now());
    if (!unit) break;
    begin(*unit);
  }
  pumping_ = false;
  settle_idle();
}

void Runner::begin(Unit unit) {
  if (has_ended(work_of(unit).state)) {  // while it waited: cancelled, or decided by a person
    if (unit.whole() && tasks_[unit.task].released) {
      scheduler_->drop(unit);
    } else {
      end_unit(unit);
    }
    return;
  }
  if (unit.whole() && !begin_whole(unit.task)) return;
  Work& work = work_of(unit);
  const workflow::TaskSettings& settings = *definition(unit.task).settings;
  // Of calls of tools the journal knows more.
  if (work.orphaned && settings.tools.empty() &&
      settings.side_effects == workflow::SideEffects::once) {
    fail_unit(unit,
              "an attempt was in flight when its process died, and its side effects must happen "
              "only once: whether they did is not known");
    return;
  }
  if (const auto until = held_until(unit.task)) {
    work.held_by_window = true;
    scheduler_->delay(unit, services_.loop.now() + std::min<Duration>(*until - now(), 5min));
    return;
  }
  work.held_by_window = false;
  if (work.state == TaskState::delayed) --counts_.delayed, ++counts_.running;
  if (work.state == TaskState::waiting) --counts_.waiting, ++counts_.running;
  work.state = TaskState::running;
  if (watcher_ != nullptr) watcher_->task_changed(*this, unit.task, unit.item);
  group_.spawn(definition(unit.task).kind == TaskKind::uses ? work_on_workflow(unit)
                                                            : work_on_prompt(unit));
}

// What is decided for a task before any of its requests. True: it is one piece of work.
bool Runner::begin_whole(std::uint32_t task) {
  const Unit unit{task};
  const workflow::Task& definition = this->definition(task);
  if (tasks_[task].own.state == TaskState::waiting) {
    const Result<bool> holds = condition_holds(task);
    if (!holds) {
      fail_unit(unit, "its `if` has no value: " + holds.error().message);
      return false;
    }
    if (!*holds) {
      set_state(unit, TaskState::skipped);
      end_unit(unit);
      return false;
    }
  }
  if (definition.kind == TaskKind::approval) {
    ask_approval(task);
    return false;
  }
  if (definition.fans_out()) {
    expand(task);
    return false;
  }
  return true;
}

Result<bool> Runner::condition_holds(std::uint32_t task) const {
  const workflow::Task& definition = this->definition(task);
  if (definition.extras != nullptr && !definition.extras->condition.empty()) {
    return definition.extras->condition.holds(TaskScope(scope_, &definition));
  }
  return std::ranges::all_of(definition.needs, [&](workflow::TaskIndex need) {
    const Outcome outcome = tasks_[need].need.outcome;
    return outcome == Outcome::success || outcome == Outcome::approved ||
           (outcome == Outcome::failure &&
            this->definition(need).settings->on_error == OnError::proceed);
  });
}

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
    auto reused = reuse_items(task, *fan);
    if (!reused) {
      fail_unit(unit, reused.error().message);
      return;
    }
    for (std::uint32_t i = 0; i < fan->items.size(); ++i) {
      if (!has_ended(fan->items[i].state)) pending.push_back(i);
    }
    counts_.succeeded += reused->size();
    counts_.waiting += pending.size();
    --counts_.waiting;
    services_.journal.append(
        AddItems{.run = start_.id,
                 .parent = task,
                 .first = fan->first,
                 .keys = std::make_shared<const std::vector<std::string>>(fan->keys),
                 .at = now(),
                 .reused = std::move(*reused)});
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

void Runner::ask_approval(std::uint32_t task) {
  const Unit unit{task};
  const workflow::Task& definition = this->definition(task);
  const workflow::Approval& approval = definition.extras->approval;
  auto message = approval.message.render(TaskScope(scope_, &definition));
  if (!message) {
    fail_unit(unit, "the message of its approval has no value: " + message.error().message);
    return;
  }
  redact(*message);
  std::optional<WallTime> until;
  if (approval.timeout != Duration{}) until = now() + approval.timeout;
  services_.journal.append(
      AskApproval{.run = start_.id,
                  .task = task,
                  .message = std::make_shared<const std::string>(std::move(*message)),
                  .at = now(),
                  .until = until});
  if (tasks_[task].own.state != TaskState::awaiting) set_state(unit, TaskState::awaiting);
  scheduler_->put_aside(unit);
  approvals_.push_back({task, until ? services_.loop.now() + approval.timeout : kNever});
  if (start_.approve_all) (void)decide(definition.id, true, "--yes");
}

void Runner::look_at_approvals() {
  std::vector<std::uint32_t> late;
  for (const Open& open : approvals_) {
    if (open.until <= services_.loop.now()) late.push_back(open.task);
  }
  for (const std::uint32_t task : late) {
    (void)decide(definition(task).id, definition(task).extras->approval.approve_by_default,
                 "its timeout");
  }
}

// Until when a task shall wait for its model's cheap hours.
std::optional<WallTime> Runner::held_until(std::uint32_t task) const {
  const workflow::TaskSettings& settings = *definition(task).settings;
  const workflow::Window window =
      settings.window == workflow::Window::any ? start_.workflow->run.window : settings.window;
  if (window == workflow::Window::any) return std::nullopt;
  const WallTime until = services_.pricing.next_off_peak(settings.model.model, now());
  if (until <= now()) return std::nullopt;
  if (window == workflow::Window::only_off_peak) return until;
  std::optional<WallTime> deadline;
  if (start_.workflow->run.deadline)
    deadline = start_.workflow->run.deadline->after(start_.created);
  if (settings.deadline) {
    const WallTime own = settings.deadline->after(start_.created);
    deadline = std::min(deadline.value_or(own), own);
  }
  if (!deadline) return until;
  // The longest chain from here to the end, and half as much again.
  const Duration each =
      timed_tasks_ == 0 ? kFirstGuess : task_time_ / static_cast<std::int64_t>(timed_tasks_);
  const auto chain = start_.workflow->height[task];
  const WallTime latest = *deadline - each * std::int64_t{chain} * 3 / 2;
  if (latest <= now()) return std::nullopt;
  return std::min(until, latest);
}

void Runner::set_state(Unit unit, TaskState state, std::optional<EndAttempt> attempt, Bytes output,
                       WallTime not_before) {
  Work& work = work_of(unit);
  const auto count = [&](TaskState of) -> std::size_t* {
    switch (of) {
      case TaskState::waiting:
        return &counts_.waiting;
      case TaskState::running:
        return &counts_.running;
      case TaskState::delayed:
        return &counts_.delayed;
      case TaskState::awaiting:
        return &counts_.awaiting;
      case TaskState::succeeded:
      case TaskState::approved:
        return &counts_.succeeded;
      case TaskState::failed:
      case TaskState::rejected:
        return &counts_.failed;
      case TaskState::skipped:
        return &counts_.skipped;
      case TaskState::cancelled:
        return &counts_.cancelled;
      case TaskState::expanded:
        break;
    }
    return nullptr;
  };
  const bool counted = !unit.whole() || tasks_[unit.task].fan == nullptr;
  if (counted) {
    if (std::size_t* const before = count(work.state)) --*before;
    if (std::size_t* const after = count(state)) ++*after;
  }
  work.state = state;
  if (state != TaskState::approved && state != TaskState::rejected) {
    SetTask record{.run = start_.id,
                   .task = number_of(unit),
                   .state = state,
                   .output = std::move(output),
                   .error = work.error,
                   .at = now(),
                   .not_before = not_before};
    if (attempt) {
      services_.journal.append_both(std::move(*attempt), std::move(record));
    } else {
      services_.journal.append(std::move(record));
    }
    pass(FaultPoint::result_appended);
  }
  if (unit.whole() && has_ended(state) && tasks_[unit.task].fan == nullptr) {
    workflow::Need& need = tasks_[unit.task].need;
    need.outcome = outcome_of(state);
    need.output = work.output;
    need.succeeded = state == TaskState::succeeded || state == TaskState::approved;
    need.failed = state == TaskState::failed;
    need.cost = work.cost;
  }
  if (watcher_ != nullptr) watcher_->task_changed(*this, unit.task, unit.item);
}

void Runner::end_unit(Unit unit) {
  if (!unit.whole()) {
    const bool last = scheduler_->end(unit, services_.loop.now());
    if (last) {
      complete_fan(unit.task);
    } else if (start_.workflow->run.prime) {
      const std::uint32_t most = definition(unit.task).extras->max_parallel;
      scheduler_->widen(unit.task, most == 0 ? UINT32_MAX : most);
    }
    return;
  }
  tasks_[unit.task].released = true;
  scheduler_->end(unit, services_.loop.now());
  count_outcome(unit.task);
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

// What the end of a task means for the run.
void Runner::count_outcome(std::uint32_t task) {
  const workflow::Task& ended = definition(task);
  const auto unconditional = [&](std::uint32_t dependent) {
    const auto& extras = definition(dependent).extras;
    return extras == nullptr || extras->condition.empty();
  };
  switch (tasks_[task].need.outcome) {
    case Outcome::failure:
      if (ended.settings->on_error != OnError::fail) {
        partial_ = true;
        break;
      }
      failed_ = true;
      if (reason_.empty()) {
        reason_ = fmt::format("task {} failed: {}", ended.id, tasks_[task].own.error);
      }
      if (start_.workflow->run.fail_fast) stop(RunState::failed, reason_);
      break;
    case Outcome::cancelled:
      partial_ = true;
      break;
    case Outcome::rejected:
      partial_ |= std::ranges::any_of(start_.workflow->dependents(task), unconditional);
      break;
    default:
      break;
  }
}

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
    if (state_ != next) change_run(next, window ? "waits for the cheap hours of its models" : "");
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

}  // namespace tidegate::engine
