#include "engine/fork.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tidegate::engine {
namespace {

bool has_result(const StoredTask& task) {
  return task.state == TaskState::succeeded || task.state == TaskState::approved ||
         task.state == TaskState::rejected;
}

// `from` and all that depends on it, by task.
std::vector<char> downstream(const workflow::Workflow& workflow, workflow::TaskIndex from) {
  std::vector<char> found(workflow.tasks.size());
  std::vector<workflow::TaskIndex> open{from};
  found[from] = 1;
  while (!open.empty()) {
    const workflow::TaskIndex task = open.back();
    open.pop_back();
    for (const workflow::TaskIndex next : workflow.dependents(task)) {
      if (found[next]++ == 0) open.push_back(next);
    }
  }
  return found;
}

// What the journal has of a task whose result was taken over: nothing was spent on it here.
StoredTask taken_over(const StoredTask& stored, RunId source) {
  StoredTask task = stored;
  task.attempts = task.tries = 0;
  task.orphans = 0;
  task.cost = {};
  task.started.reset();
  if (!task.reused) task.reused = TaskRef{source, stored.task};
  return task;
}

}  // namespace

Result<ForkPlan> plan_fork(const workflow::Workflow& workflow, RunId source,
                           const std::vector<StoredTask>& stored, std::string_view from) {
  const auto start = workflow.find(from);
  if (!start) {
    std::vector<std::string> ids;
    for (const workflow::Task& task : workflow.tasks) ids.push_back(task.id);
    return fail(ErrorCode::not_found,
                fmt::format("the workflow of run {} has no task {}.{}", source.text(), from,
                            did_you_mean(from, ids)),
                "from");
  }
  const auto count = static_cast<std::uint32_t>(workflow.tasks.size());
  if (stored.size() < count) {
    return fail(ErrorCode::invalid, "the journal has other tasks than the run's workflow");
  }
  const std::vector<char> again = downstream(workflow, *start);
  ForkPlan plan;
  std::vector<char> whole(count);  // its result is taken over, and so are its items
  for (std::uint32_t i = 0; i < count; ++i) {
    const StoredTask& task = stored[i];
    whole[i] = again[i] == 0 && has_result(task) ? 1 : 0;
    if (whole[i] != 0) {
      plan.tasks.push_back(taken_over(task, source));
      plan.reused.push_back({.task = i, .source = {source, i}});
      continue;
    }
    StoredTask& fresh = plan.tasks.emplace_back();
    fresh.task = i;
    fresh.id = task.id;
    fresh.role = task.role;
    if (again[i] == 0 && workflow.tasks[i].fans_out()) {
      // A fork that ended before it knew the list leaves where its items are.
      fresh.reused =
          task.state != TaskState::expanded && task.reused ? task.reused : TaskRef{source, i};
      plan.reused.push_back({.task = i, .source = *fresh.reused, .items_only = true});
    }
  }
  for (std::size_t i = count; i < stored.size(); ++i) {
    const StoredTask& item = stored[i];
    if (!item.parent || *item.parent >= count || whole[*item.parent] == 0) continue;
    StoredTask& task = plan.tasks.emplace_back(taken_over(item, source));
    task.task = static_cast<std::uint32_t>(plan.tasks.size() - 1);
    plan.reused.push_back(
        {.task = task.task, .source = {source, item.task}, .parent = item.parent});
  }
  return plan;
}

}  // namespace tidegate::engine
