#include "workflow/graph.h"

#include <algorithm>

#include "base/hash.h"

namespace tidegate::workflow {

TaskIndex& TaskIds::slot_of(std::string_view id) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash_bytes(id) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == kNone || tasks_[slots_[at]].id == id) return slots_[at];
  }
}

bool order_tasks(Workflow& workflow) {
  const auto count = static_cast<TaskIndex>(workflow.tasks.size());
  workflow.dependents_begin.assign(count + 1, 0);
  for (const Task& task : workflow.tasks) {
    for (const TaskIndex need : task.needs) ++workflow.dependents_begin[need + 1];
  }
  for (TaskIndex i = 0; i < count; ++i) {
    workflow.dependents_begin[i + 1] += workflow.dependents_begin[i];
  }
  workflow.dependents_list.resize(workflow.dependents_begin[count]);
  std::vector<std::uint32_t> next(workflow.dependents_begin.begin(),
                                  workflow.dependents_begin.end() - 1);
  std::vector<std::uint32_t> waiting(count);
  for (TaskIndex i = 0; i < count; ++i) {
    for (const TaskIndex need : workflow.tasks[i].needs) workflow.dependents_list[next[need]++] = i;
    waiting[i] = static_cast<std::uint32_t>(workflow.tasks[i].needs.size());
  }

  workflow.order.clear();
  workflow.order.reserve(count);
  for (TaskIndex i = 0; i < count; ++i) {
    if (waiting[i] == 0) workflow.order.push_back(i);
  }
  for (std::size_t done = 0; done < workflow.order.size(); ++done) {
    const TaskIndex task = workflow.order[done];
    for (std::uint32_t i = workflow.dependents_begin[task]; i < workflow.dependents_begin[task + 1];
         ++i) {
      const TaskIndex dependent = workflow.dependents_list[i];
      if (--waiting[dependent] == 0) workflow.order.push_back(dependent);
    }
  }

  workflow.height.assign(count, 1);
  for (auto task = workflow.order.rbegin(); task != workflow.order.rend(); ++task) {
    for (const TaskIndex need : workflow.tasks[*task].needs) {
      workflow.height[need] = std::max(workflow.height[need], workflow.height[*task] + 1);
    }
  }
  return workflow.order.size() == count;
}

std::vector<std::vector<TaskIndex>> find_cycles(const Workflow& workflow) {
  constexpr std::size_t kMaxCycles = 10;
  constexpr std::uint32_t kUnseen = 0;
  constexpr std::uint32_t kDone = ~std::uint32_t{0};
  std::vector<std::uint32_t> seen(workflow.tasks.size(), kUnseen);  // by which walk
  for (const TaskIndex task : workflow.order) seen[task] = kDone;
  std::vector<std::vector<TaskIndex>> cycles;
  std::uint32_t walk = 0;
  std::vector<TaskIndex> path;
  for (TaskIndex start = 0; start < workflow.tasks.size() && cycles.size() < kMaxCycles; ++start) {
    if (seen[start] != kUnseen) continue;
    ++walk;
    path.clear();
    // A task that is in no order needs another one that is in none.
    TaskIndex at = start;
    while (seen[at] == kUnseen) {
      seen[at] = walk;
      path.push_back(at);
      const auto& needs = workflow.tasks[at].needs;
      const auto open = std::ranges::find_if(needs, [&](TaskIndex n) { return seen[n] != kDone; });
      if (open == needs.end()) break;
      at = *open;
    }
    if (seen[at] != walk) continue;  // leads into a cycle that is known
    const auto begin = std::ranges::find(path, at);
    if (begin == path.end()) continue;
    std::vector<TaskIndex> cycle(begin, path.end());
    cycle.push_back(at);
    cycles.push_back(std::move(cycle));
  }
  return cycles;
}

}  // namespace tidegate::workflow
