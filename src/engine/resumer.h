// Resumer: goes on with runs that did not end and that no process works on: at the start, and again
// and again, since other processes may die, and a run that could not go on may be able to later.
// Reads on the archive's thread, so that runs that are at work do not wait. Lives on the engine's
// loop.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/engine.h"
#include "engine/run_archive.h"
#include "loop/task_group.h"

namespace tidegate::engine {

class Resumer {
 public:
  struct Options {
    // Of the engine's leases, this many looks: a dead process' runs are free after a whole one.
    int looks_per_lease = 5;
    std::size_t at_once = 8;  // runs per look, so that several processes share what one has left
    Duration soon = 250ms;    // until the next look, where more were free
    Duration first_retry = 5s, last_retry = 10min;  // of a run that could not go on
  };
  // Why a run could not go on, or ended without its end being written.
  using Report = std::function<void(RunId, const std::string& why)>;

  Resumer(Engine& engine, Loop& loop, RunArchive& archive, Options options, Report report);
  void start();
  // Takes no more runs. Then it may be destroyed once it is idle.
  void stop();
  [[nodiscard]] bool idle() const { return group_.empty(); }

 private:
  struct Try {
    int count = 0;
    TimePoint next{};
  };
  Task<void> look();
  Task<void> take(RunId run);
  void failed(RunId run, const Error& error);

  Engine& engine_;
  Loop& loop_;
  RunArchive& archive_;
  const Options options_;
  const Report report_;
  std::map<RunId, Try> tries_;  // of runs that could not go on, or were lost since
  bool stopped_ = false;
  TaskGroup group_;
  Timer timer_;
};

}  // namespace tidegate::engine
