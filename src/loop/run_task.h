// For tests: runs one task on a loop of the calling thread until it ends.
#pragma once

#include "loop/loop.h"
#include "loop/task_group.h"

namespace tidegate {

inline void run_task(Loop& loop, Task<void> task) {
  TaskGroup group;
  const auto then_stop = [](Loop& on, Task<void> work) -> Task<void> {
    co_await work;
    on.stop();
  };
  group.spawn(then_stop(loop, std::move(task)));
  loop.run();
}

}  // namespace tidegate
