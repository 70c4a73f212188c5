// A worker: one thread that runs one loop. Requests live and die on their worker.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "loop/loop.h"

namespace tidegate {

class Worker {
 public:
  // `name` is the thread's name in ps and top; at most 15 characters.
  Worker(const Clock& clock, std::string name, bool io_uring = true);
  ~Worker();  // stops and joins

  void start();
  void stop_and_join();
  [[nodiscard]] Loop& loop() { return loop_; }

  // Open client connections; the acceptor hands each new one to the worker with the fewest.
  std::atomic<int> connections{0};

 private:
  Loop loop_;
  std::string name_;
  std::thread thread_;
};

}  // namespace tidegate
