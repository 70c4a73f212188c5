#include "loop/task_group.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace tidegate {

struct TaskGroup::Root {
  struct promise_type {
    Root get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

TaskGroup::Root TaskGroup::run(TaskGroup* group, Task<void> task) {
  ++group->size_;
  co_await task;
  --group->size_;
}

void TaskGroup::spawn(Task<void> task) { run(this, std::move(task)); }

TaskGroup::~TaskGroup() {
  if (size_ == 0) return;
  std::fprintf(stderr, "TaskGroup destroyed while %zu of its tasks still run\n", size_);
  std::abort();
}

}  // namespace tidegate
