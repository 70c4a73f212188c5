// TaskGroup: the owner of tasks that run side by side, e.g. the connections of a server.
// It must outlive them: wait until empty() before destroying it. One worker, never shared.
#pragma once

#include <coroutine>
#include <cstddef>

#include "loop/task.h"

namespace tidegate {

class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Runs `task` now, up to its first suspension; its frame is freed when it ends.
  // An exception that leaves it ends the process: handlers answer with values.
  void spawn(Task<void> task);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  struct Root;
  static Root run(TaskGroup* group, Task<void> task);
  std::size_t size_ = 0;
};

}  // namespace tidegate
