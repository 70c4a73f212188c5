// Where log lines go: stderr or a file, in batches, and the lines about the process itself.
// Used by the server for its events and by each worker's RequestLog for its lines. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/time.h"
#include "telemetry/log_line.h"

namespace tidegate::telemetry {

struct LogOptions {
  std::string path;  // empty: stderr
  Format format = Format::text;
  Level level = Level::info;  // less important events are not written; request lines are `info`
};

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, bool> value;
};

class Log {
 public:
  // Opens the file (created with mode 0600, since lines name users' tasks); io when that fails.
  static Result<std::unique_ptr<Log>> open(LogOptions options, const Clock& clock);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // One line about the process, written at once: log.event(Level::info, "started", {{"port",
  // port}}). Not for what a client can cause at will: that belongs on its request's line.
  void event(Level level, std::string_view name, std::initializer_list<LogField> fields = {});

  // Writes whole lines. What the target does not take is counted as lost: a full disk or a closed
  // pipe must not stop requests.
  void write(std::string_view lines);
  [[nodiscard]] std::uint64_t lost_bytes() const { return lost_bytes_.load(); }

  // After the file was moved away (SIGHUP): opens `path` again; the old file stays when that fails.
  Result<void> reopen();

  [[nodiscard]] bool shows(Level level) const { return level >= options_.level; }
  [[nodiscard]] Format format() const { return options_.format; }

 private:
  Log(LogOptions options, const Clock& clock, int descriptor);

  const LogOptions options_;
  const Clock& clock_;
  // Batches of two workers must not mix on a pipe. Taken once per batch, never per request.
  std::mutex mutex_;
  int descriptor_;
  bool line_torn_ = false;  // the last write ended within a line
  std::atomic<std::uint64_t> lost_bytes_{0};
};

}  // namespace tidegate::telemetry
