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
  std::string inputs_text = workflow::Value(std::move(inputs)).json();
  // Those of a workflow within another are made anew when it goes on.
  if (start_.within != nullptr) redact(inputs_text);
  services_.journal.append(
      CreateRun{.run = start_.id,
                .key = start_.key,
                .name = workflow.name,
                .spec_hash = workflow.hash,
                .spec = std::make_shared<const std::string>(workflow::pack(workflow.files)),
                .inputs = std::make_shared<const std::string>(std::move(inputs_text)),
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
  if (work.orphans != 0 && must_not_repeat(unit)) {
    fail_unit(unit, kUnknownEnd);
    return;
  }
  // It may be what kills them.
  if (work.orphans >= services_.orphans) {
    fail_unit(unit, fmt::format("{} of its attempts were in flight when their process died",
                                work.orphans));
    return;
  }
  if (const auto until = held_until(unit.task)) {
    work.held_by_window = true;
    cheap_from_ = cheap_from_ > now() ? std::min(cheap_from_, *until) : *until;
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
  if (work.given && has_ended(state)) write_off(unit);
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

}  // namespace tidegate::engine
