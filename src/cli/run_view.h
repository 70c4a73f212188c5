// What `tidegate workflow run` shows while a run goes on: a table that is drawn anew on a terminal,
// a line per event in a pipe. On the engine's loop.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "engine/runner.h"
#include "loop/loop.h"

namespace tidegate::cli {

class RunView final : public engine::Runner::Watcher {
 public:
  enum class Mode : std::uint8_t { table, lines, silent };
  RunView(Loop& loop, Mode mode);
  // Standard error is a terminal and shall not stay clean.
  static Mode suited(bool json);

  void follow(const engine::Runner* runner);  // null: it has ended
  void task_changed(const engine::Runner& runner, std::uint32_t task, std::uint32_t item) override;
  void run_changed(const engine::Runner& runner, engine::RunState state,
                   const std::string& reason) override;

 private:
  void look();
  void say_trouble();
  void draw();
  void clear();

  Loop& loop_;
  const Mode mode_;
  const engine::Runner* runner_ = nullptr;
  TimePoint began_;
  int drawn_ = 0;                               // lines on the terminal
  bool had_trouble_ = false, said_it_ = false;  // with the journal, when it was looked at last
  Timer timer_;
};

// "12 of 50 tasks, 8 running, 1 failed, 1,234 tokens, $0.0012"
[[nodiscard]] std::string progress_line(const engine::Progress& progress);

}  // namespace tidegate::cli
