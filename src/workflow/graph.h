// The graph of a workflow's tasks: a good order, who waits for whom, the longest chains, and
// cycles. Used by the loader. No recursion: a chain may have as many tasks as a file. Pure
// functions.
#pragma once

#include <string>
#include <vector>

#include "workflow/definition.h"

namespace tidegate::workflow {

// Fills in order, height, dependents_begin and dependents_list from the tasks' needs. False: there
// are cycles, and order has only what is before them.
bool order_tasks(Workflow& workflow);

// Some cycles without a task in common, each as its tasks from needing to needed, the first one
// again at the end. Every task that is in no order is in or behind one of them.
[[nodiscard]] std::vector<std::vector<TaskIndex>> find_cycles(const Workflow& workflow);

// Finds tasks by id. Built once ids are known; the tasks may grow no more.
class TaskIds {
 public:
  // Calls on_repeated(second, first) for each id that is there already.
  template <class OnRepeated>
  TaskIds(const std::vector<Task>& tasks, OnRepeated&& on_repeated) : tasks_(tasks) {
    std::size_t size = 16;
    while (size < tasks.size() * 2) size *= 2;
    slots_.assign(size, kNone);
    for (TaskIndex task = 0; task < tasks.size(); ++task) {
      TaskIndex& slot = slot_of(tasks[task].id);
      if (slot == kNone) {
        slot = task;
      } else {
        on_repeated(task, slot);
      }
    }
  }

  static constexpr TaskIndex kNone = ~TaskIndex{0};
  // kNone: there is none.
  [[nodiscard]] TaskIndex find(std::string_view id) const {
    return const_cast<TaskIds*>(this)->slot_of(id);
  }

 private:
  TaskIndex& slot_of(std::string_view id);

  const std::vector<Task>& tasks_;
  std::vector<TaskIndex> slots_;
};

}  // namespace tidegate::workflow
