#include "telemetry/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace tidegate::telemetry {
namespace {

Result<int> open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(ErrorCode::io,
                fmt::format("cannot open the log file {}: {}", path,
                            std::generic_category().message(errno)),
                path);
  }
  return descriptor;
}

// Bytes that were taken; fewer than all of them after an error.
std::size_t write_all(int descriptor, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t taken = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (taken < 0 && errno == EINTR) {
      continue;
    }
    if (taken <= 0) {
      break;
    }
    done += static_cast<std::size_t>(taken);
  }
  return done;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(LogOptions options, const Clock& clock) {
  int descriptor = STDERR_FILENO;
  if (!options.path.empty()) {
    const auto opened = open_file(options.path);
    if (!opened) {
      return std::unexpected(opened.error());
    }
    descriptor = *opened;
  }
  return std::unique_ptr<Log>(new Log(std::move(options), clock, descriptor));
}

Log::Log(LogOptions options, const Clock& clock, int descriptor)
    : options_(std::move(options)), clock_(clock), descriptor_(descriptor) {}

Log::~Log() {
  if (!options_.path.empty()) {
    ::close(descriptor_);
  }
}

void Log::event(Level level, std::string_view name, std::initializer_list<LogField> fields) {
  if (!shows(level)) {
    return;
  }
  std::string out;
  TimeStamp stamp;
  LogLine line(out, options_.format);
  line.begin(stamp, clock_.wall(), level, name);
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { line.field(field.name, value); }, field.value);
  }
  line.end();
  write(out);
}

void Log::write(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (line_torn_) {
    if (write_all(descriptor_, "\n") == 0) {
      lost_bytes_ += lines.size();
      return;
    }
    line_torn_ = false;
  }
  const std::size_t taken = write_all(descriptor_, lines);
  if (taken < lines.size()) {
    lost_bytes_ += lines.size() - taken;
    line_torn_ = taken > 0 && lines[taken - 1] != '\n';
  }
}

Result<void> Log::reopen() {
  if (options_.path.empty()) {
    return {};
  }
  const auto opened = open_file(options_.path);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  const std::lock_guard lock(mutex_);
  ::close(std::exchange(descriptor_, *opened));
  line_torn_ = false;
  return {};
}

}  // namespace tidegate::telemetry
