// How a runner works on single tasks: the coroutines, what their ends mean, and what people decide.
#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "engine/runner.h"
#include "engine/task_attempt.h"
#include "json/writer.h"
#include "workflow/load.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;
using workflow::OnExceed;

workflow::Value value_of(const workflow::Task& task, const std::string& text) {
  if (task.settings->output == nullptr) return workflow::Value(text);
  auto parsed = workflow::Value::parse(text);
  return parsed ? std::move(*parsed) : workflow::Value(text);
}

}  // namespace

Task<void> Runner::work_on_prompt(Unit unit) {
  const TimePoint began = services_.loop.now();
  TaskAttempt attempt(*this, unit);
  live_.emplace(unit, &attempt.cancel());
  AskResult result = co_await attempt.answer();
  live_.erase(unit);
  if (result) {
    task_time_ += services_.loop.now() - began;
    ++timed_tasks_;
  }
  conclude(unit, std::move(result), attempt.take_end());
  pump();
}

void Runner::conclude(Unit unit, AskResult result, std::optional<EndAttempt> attempt) {
  if (ended_) {
    if (attempt) services_.journal.append(std::move(*attempt));
    return;
  }
  Work& work = work_of(unit);
  if (!result && result.error().cancelled) {
    if (pausing_ && !stopping_ && work.state == TaskState::running) {
      if (attempt) services_.journal.append(std::move(*attempt));
      work.state = TaskState::waiting;
      --counts_.running;
      ++counts_.waiting;
      scheduler_->put_aside(unit);
      return;
    }
    if (!has_ended(work.state)) {
      set_state(unit, TaskState::cancelled, std::move(attempt));
    } else if (attempt) {
      services_.journal.append(std::move(*attempt));
    }
    end_unit(unit);
    return;
  }
  if (has_ended(work.state)) {  // cancelled, and the answer was faster
    if (attempt) services_.journal.append(std::move(*attempt));
    end_unit(unit);
    return;
  }
  if (!result) {
    if (try_again(unit, result.error(), attempt)) return;
    fail_unit(unit, result.error().error.message, std::move(attempt));
    return;
  }
  redact(result->text);
  work.error.clear();
  work.turns.clear();
  work.output = value_of(definition(unit.task), result->text);
  set_state(unit, TaskState::succeeded, std::move(attempt),
            std::make_shared<const std::string>(std::move(result->text)));
  end_unit(unit);
}

// True: the unit comes again, later or with another model.
bool Runner::try_again(Unit unit, const Failure& failure, std::optional<EndAttempt>& attempt) {
  Work& work = work_of(unit);
  const workflow::TaskSettings& settings = *definition(unit.task).settings;
  const workflow::Retry& retry = settings.retry;
  const bool unknown_end = failure.sent && (failure.error_class == ErrorClass::transport ||
                                            failure.error_class == ErrorClass::timeout);
  if (settings.side_effects == workflow::SideEffects::once && unknown_end) return false;
  Duration wait{};
  // What failed before its request left, as a tool server that does not start, is a try as well.
  if (!failure.sent) ++work.tries;
  if (failure.retryable && retry.retries(failure.error_class) &&
      work.tries < static_cast<std::uint32_t>(retry.attempts)) {
    const unsigned doublings = std::min(std::max(work.tries, 1u) - 1, 30u);
    wait = std::min(retry.max, retry.backoff * (std::int64_t{1} << doublings));
    if (retry.jitter && wait > Duration{}) {
      wait = Duration(
          static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>(wait.count()) + 1)));
    }
    wait = std::max(wait, failure.retry_after);
  } else if (work.model < settings.model.fallback.size() && failure.sent &&
             failure.error_class != ErrorClass::invalid_output) {
    ++work.model;
    work.tries = 0;
  } else {
    return false;
  }
  ++counts_.retries;
  work.error = failure.error.message;
  redact(work.error);
  set_state(unit, TaskState::delayed, std::move(attempt), nullptr, now() + wait);
  scheduler_->delay(unit, services_.loop.now() + wait);
  return true;
}

void Runner::fail_unit(Unit unit, std::string error, std::optional<EndAttempt> attempt) {
  Work& work = work_of(unit);
  redact(error);
  work.error = std::move(error);
  work.turns.clear();
  set_state(unit, TaskState::failed, std::move(attempt));
  end_unit(unit);
}

// A workflow within this one: a run of its own in the journal, with its part of the budget.
Task<void> Runner::work_on_workflow(Unit unit) {
  const workflow::Task& task = definition(unit.task);
  const workflow::Workflow& used = *task.extras->uses;
  const TaskScope scope(scope_, &task, tasks_[unit.task].fan.get(), unit.whole() ? 0 : unit.item);
  workflow::Map given;
  std::optional<Error> problem;
  for (const auto& [name, text] : task.extras->with) {
    auto value = text.evaluate(scope);
    if (!value) {
      problem = value.error();
      break;
    }
    given.push_back({name, std::move(*value)});
  }
  Result<workflow::Map> inputs = workflow::Map{};
  if (!problem) inputs = workflow::bind_inputs(used, given);
  if (!inputs) problem = inputs.error();
  if (problem) {
    fail_unit(unit, "its inputs cannot be made: " + problem->message);
    pump();
    co_return;
  }
  std::vector<std::string> secrets = secrets_of(used, *inputs);
  for (const std::string& secret : start_.secrets) add_secret(secrets, secret);
  RunStart start{.id = RunId::make(now()),
                 .key = fmt::format("sub:{}/{}", start_.id.text(), number_of(unit)),
                 .workflow = task.extras->uses,
                 .inputs = std::move(*inputs),
                 .created = now(),
                 .budget = task.settings->budget,
                 .within = &budget_of(unit.task),
                 .secrets = std::move(secrets),
                 .parent = start_.id.value,
                 .approve_all = start_.approve_all};
  std::optional<StoredRun> before;
  Result<std::vector<StoredTask>> tasks = std::vector<StoredTask>{};
  if (restored_ && services_.find_run) {
    auto found = services_.find_run(start.key);
    if (found) before = std::move(*found);
    if (before) tasks = services_.stored_tasks(before->id);
    if (!found || !tasks) {
      fail_unit(unit, "what the journal has of its workflow cannot be read: " +
                          (found ? tasks.error() : found.error()).message);
      pump();
      co_return;
    }
  }
  if (before && before->state == RunState::cancelled) {
    set_state(unit, TaskState::cancelled);
    end_unit(unit);
    pump();
    co_return;
  }
  if (before) {
    start.id = before->id;
    start.created = before->created;
  }
  Runner child(services_, std::move(start));
  if (!before) {
    child.create();
  } else if (auto restored = child.restore(std::move(*tasks)); !restored) {
    fail_unit(unit, "its workflow cannot go on: " + restored.error().message);
    pump();
    co_return;
  }
  children_.emplace(unit, &child);
  RunEnd end = co_await child.run();
  children_.erase(unit);
  if (ended_) co_return;  // left as it is, to be resumed
  Work& work = work_of(unit);
  work.cost = end.spent;
  if (end.lost) {
    journal_lost(*end.lost);
  } else if (end.state == RunState::paused_budget) {
    reason_ = fmt::format("task {}: {}", task.id, end.reason);
    pausing_ = !stopping_;
    work.state = TaskState::waiting;
    --counts_.running;
    ++counts_.waiting;
    scheduler_->put_aside(unit);
  } else if (end.state == RunState::cancelled) {
    if (!has_ended(work.state)) set_state(unit, TaskState::cancelled);
    end_unit(unit);
  } else if (end.state == RunState::failed) {
    fail_unit(unit, fmt::format("its workflow failed: {}", end.reason));
  } else {
    std::string json = end.outputs.json();
    redact(json);
    work.output = end.outputs;
    set_state(unit, TaskState::succeeded, {}, std::make_shared<const std::string>(std::move(json)));
    end_unit(unit);
  }
  pump();
}

void Runner::wake_waiting_for_money() {
  warn_of_budget();
  Budget& whole = budget_.whole();
  if (whole.waiting.empty()) return;
  services_.loop.post([waiting = std::exchange(whole.waiting, {})] {
    for (const std::coroutine_handle<> each : waiting) each.resume();
  });
}

void Runner::budget_exceeded(const Budget& budget, NanoDollars amount) {
  std::string reason = fmt::format(
      "the budget of {} ({}, of which {} are spent) cannot hold the next request, which may cost "
      "{}",
      budget.name(), format_usd(budget.limit().value_or(NanoDollars{})), format_usd(budget.spent()),
      format_usd(amount));
  switch (start_.workflow->budget.on_exceed) {
    case OnExceed::pause:
      if (!pausing_) reason_ = std::move(reason);
      pausing_ = true;
      wake_waiting_for_money();
      break;
    case OnExceed::stop:
      stop(RunState::failed, std::move(reason));
      break;
    case OnExceed::finish_running:
      // As stop(), but what is in flight goes on.
      if (!stopping_) reason_ = std::move(reason);
      stopping_ = true;
      stop_state_ = RunState::failed;
      wake_waiting_for_money();
      break;
  }
}

void Runner::warn_of_budget() {
  if (!budget_.limit()) return;
  const auto& shares = start_.workflow->budget.warn_at;
  while (warned_ < shares.size() &&
         static_cast<double>(budget_.spent().value) >=
             shares[warned_] * static_cast<double>(budget_.limit()->value)) {
    std::string body;
    json::Writer json(body);
    json.begin_object().member("share", shares[warned_]);
    json.member("spent_nano_usd", budget_.spent().value).end_object();
    services_.journal.append(
        AddEvent{.run = start_.id, .kind = "budget", .body = std::move(body), .at = now()});
    ++warned_;
  }
}

// "ID" or "ID[KEY]".
Result<Unit> Runner::find_unit(std::string_view name) const {
  const std::size_t bracket = name.ends_with(']') ? name.find('[') : std::string_view::npos;
  const auto task = start_.workflow->find(name.substr(0, bracket));
  if (!task) return fail(ErrorCode::not_found, fmt::format("there is no task {}", name));
  if (bracket == std::string_view::npos) return Unit{*task};
  const std::string_view key = name.substr(bracket + 1, name.size() - bracket - 2);
  const Fan* const fan = tasks_[*task].fan.get();
  if (fan != nullptr) {
    const auto found = std::ranges::find(fan->keys, key);
    if (found != fan->keys.end()) {
      return Unit{*task, static_cast<std::uint32_t>(found - fan->keys.begin())};
    }
  }
  return fail(ErrorCode::not_found,
              fmt::format("task {} has no item \"{}\" (yet)", name.substr(0, bracket), key));
}

// "ID/TASK" or "ID[KEY]/TASK" is a task of a workflow within this one; null: it is not. Keys may
// have slashes of their own.
std::pair<Runner*, std::string_view> Runner::within(std::string_view name) const {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    const Result<Unit> unit = find_unit(name.substr(0, slash));
    if (!unit) continue;
    const auto child = children_.find(*unit);
    if (child != children_.end()) return {child->second, name.substr(slash + 1)};
  }
  return {};
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

Result<void> Runner::decide(std::string_view task, bool approved, const std::string& by) {
  if (const auto [child, rest] = within(task); child != nullptr) {
    return child->decide(rest, approved, by);
  }
  const Result<Unit> found = find_unit(task);
  if (!found) return std::unexpected(found.error());
  const auto open = std::ranges::find(approvals_, found->task, &Open::task);
  if (open == approvals_.end()) {
    return fail(ErrorCode::invalid, fmt::format("task {} does not wait for an approval", task));
  }
  approvals_.erase(open);
  services_.journal.append(EndApproval{
      .run = start_.id, .task = found->task, .approved = approved, .by = by, .at = now()});
  set_state(*found, approved ? TaskState::approved : TaskState::rejected);
  scheduler_->come_back(*found, services_.loop.now());
  pump();
  return {};
}

void Runner::set_budget(std::optional<NanoDollars> budget) {
  budget_.set_limit(budget);
  services_.journal.append(SetBudget{.run = start_.id, .budget = budget});
  wake_waiting_for_money();
}

Progress Runner::progress() const {
  Progress progress = counts_;
  progress.state = state_;
  progress.spent = budget_.spent();
  progress.reserved = budget_.reserved();
  progress.budget = budget_.limit();
  if (timed_tasks_ != 0 && !ended_) {
    const std::size_t left = progress.waiting + progress.running + progress.delayed;
    const std::size_t lanes =
        std::max<std::size_t>(std::min<std::size_t>(start_.workflow->run.max_parallel,
                                                    std::max<std::size_t>(progress.running, 1)),
                              1);
    progress.expected = task_time_ / static_cast<std::int64_t>(timed_tasks_) *
                        static_cast<std::int64_t>((left + lanes - 1) / lanes);
  }
  return progress;
}

}  // namespace tidegate::engine
