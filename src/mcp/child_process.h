// ChildProcess: a program of somebody else's, spoken to over its standard streams.
// Started without a shell, in a process group of its own, with no descriptor of ours but the three.
// One loop, never shared. stop() must have ended before it is destroyed.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "loop/loop.h"
#include "loop/task.h"
#include "mcp/server_spec.h"

namespace tidegate::mcp {

class ChildProcess {
 public:
  // Error unavailable: the program cannot be started, and why.
  static Result<std::unique_ptr<ChildProcess>> start(Loop& loop, const ServerSpec& spec);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] Socket& input() { return *input_; }
  [[nodiscard]] Socket& output() { return *output_; }
  [[nodiscard]] Socket& errors() { return *errors_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // Ends its input; waits `grace`; SIGTERM to its group; waits `grace`; SIGKILL. Then it is gone.
  Task<void> stop(Duration grace);
  // "exited with status 3", "was killed by signal 9 (Killed)"; after stop().
  [[nodiscard]] const std::string& how_it_ended() const { return how_it_ended_; }

 private:
  ChildProcess(Loop& loop, pid_t pid, int input, int output, int errors);
  [[nodiscard]] bool ended();
  void signal_group(int number) const;
  void reap();

  Loop& loop_;
  pid_t pid_;
  bool reaped_ = false;
  std::string how_it_ended_;
  std::optional<Socket> input_;
  std::optional<Socket> output_;
  std::optional<Socket> errors_;
  std::optional<Socket> exit_;  // readable once it has ended
};

// What a child sees: of our environment PATH, HOME, USER, LOGNAME, SHELL, TERM, TMPDIR, TZ, LANG
// and LC_*, and then the spec's own.
[[nodiscard]] std::vector<std::string> child_environment(const ServerSpec& spec);

}  // namespace tidegate::mcp
