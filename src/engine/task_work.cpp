// How a runner works on single tasks: the coroutines, and what their ends mean.
#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "engine/runner.h"
#include "engine/task_attempt.h"
#include "workflow/load.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;

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
  if (failure.orphaned && must_not_repeat(unit)) return false;
  const workflow::Retry& retry = settings.retry;
  const bool unknown_end = failure.sent && (failure.error_class == ErrorClass::transport ||
                                            failure.error_class == ErrorClass::timeout);
  if (settings.side_effects == workflow::SideEffects::once && unknown_end) return false;
  Duration wait{};
  // What failed before its request left, as a tool server that does not start, is a try as well.
  if (!failure.sent) ++work.tries;
  if (failure.orphaned) {
    // As after a crash of this process: at once, whatever `retry` says.
  } else if (failure.retryable && retry.retries(failure.error_class) &&
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

// Of calls of tools the journal knows more.
bool Runner::must_not_repeat(Unit unit) const {
  const workflow::TaskSettings& settings = *definition(unit.task).settings;
  return settings.tools.empty() && settings.side_effects == workflow::SideEffects::once;
}

// What another process was given before this one had the run, and nobody waits for any more.
void Runner::write_off(Unit unit) {
  Work& work = work_of(unit);
  const GivenAttempt given = *work.given;
  work.given.reset();
  ++work.orphans;
  work.cost += given.reserved;
  budget_of(unit.task).settle(given.reserved, given.reserved);
  services_.journal.append(EndAttempt{.run = start_.id,
                                      .task = number_of(unit),
                                      .number = given.number,
                                      .state = AttemptState::orphaned,
                                      .done = now(),
                                      .cost = given.reserved,
                                      .cost_kind = CostKind::unknown,
                                      .offered = true});
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
  // Whoever is cancelled meanwhile is so once it is known what there is to cancel.
  Cancel reading;
  live_.emplace(unit, &reading);
  Result<std::optional<StoredWithin>> before = co_await stored_within(start.key);
  const bool exists = before && *before;
  const bool was_cancelled = exists && (*before)->run.state == RunState::cancelled;
  if (exists) {
    start.id = (*before)->run.id;
    start.created = (*before)->run.created;
  }
  Runner child(services_, std::move(start));
  Result<void> restored;
  if (exists && !was_cancelled) {
    restored = co_await go_on_within(child, std::move((*before)->tasks));
  }
  live_.erase(unit);
  if (ended_) co_return;
  if (was_cancelled || (!exists && reading.canceled())) {
    set_state(unit, TaskState::cancelled);
    end_unit(unit);
    pump();
    co_return;
  }
  if (!before || !restored) {
    fail_unit(unit,
              "its workflow cannot go on: " + (before ? restored.error() : before.error()).message);
    pump();
    co_return;
  }
  if (!exists) child.create();
  if (reading.canceled()) child.cancel("its task was cancelled");
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

Task<Result<std::optional<StoredWithin>>> Runner::stored_within(std::string key) {
  if (!restored_ || !services_.find_within) co_return std::nullopt;
  co_return co_await services_.find_within(std::move(key));
}

Task<Result<void>> Runner::go_on_within(Runner& child, std::vector<StoredTask> tasks) {
  auto reading = services_.contents(child.id(), child.needed_contents(tasks));
  Result<RunContents> contents = co_await reading;
  if (!contents) co_return std::unexpected(std::move(contents.error()));
  co_return child.restore(std::move(tasks), std::move(*contents));
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
