#include "mcp/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tidegate::mcp {
namespace {

constexpr std::string_view kPassedOn[] = {"PATH", "HOME",   "USER", "LOGNAME", "SHELL",
                                          "TERM", "TMPDIR", "TZ",   "LANG"};
constexpr int kFirstOther = 3;  // descriptors below are the standard streams

// A pair of connected sockets: ours does not block, theirs does. Sockets, as our loop reads them;
// what a child takes for a pipe is often one.
struct Pair {
  int ours = -1;
  int theirs = -1;

  Result<void> open() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
      return fail(ErrorCode::io, fmt::format("socketpair: {}", std::strerror(errno)));
    }
    ours = fds[0];
    theirs = fds[1];
    // Below 3 it would be overwritten by the one that is put there first.
    if (theirs < kFirstOther) {
      const int above = ::fcntl(theirs, F_DUPFD_CLOEXEC, kFirstOther);
      ::close(std::exchange(theirs, above));
    }
    ::fcntl(ours, F_SETFL, O_NONBLOCK);
    return {};
  }
  int release() { return std::exchange(ours, -1); }
  ~Pair() {
    if (ours >= 0) ::close(ours);
    if (theirs >= 0) ::close(theirs);
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct Actions {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  Actions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

std::vector<std::string> child_environment(const ServerSpec& spec) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const auto is_this = [&](const auto& other) { return other.first == name; };
    if (std::ranges::any_of(spec.environment, is_this)) continue;
    if (std::ranges::find(kPassedOn, name) != std::end(kPassedOn) || name.starts_with("LC_")) {
      out.emplace_back(text);
    }
  }
  for (const auto& [name, value] : spec.environment) out.push_back(name + "=" + value);
  return out;
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Loop& loop, const ServerSpec& spec) {
  std::array<Pair, 3> streams;
  for (Pair& stream : streams) {
    if (const Result<void> opened = stream.open(); !opened) return std::unexpected(opened.error());
  }
  Actions actions;
  for (int fd = 0; fd < kFirstOther; ++fd) {
    const int theirs = streams[static_cast<std::size_t>(fd)].theirs;
    ::posix_spawn_file_actions_adddup2(&actions.files, theirs, fd);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions.files, kFirstOther);
  if (!spec.folder.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&actions.files, spec.folder.c_str());
  }
  // We ignore SIGPIPE, and what is ignored stays so across exec.
  sigset_t all;
  ::sigfillset(&all);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setpgroup(&actions.attributes, 0);
  ::posix_spawnattr_setflags(
      &actions.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> arguments = spec.command;
  std::vector<std::string> environment = child_environment(spec);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  pid_t pid = 0;
  const int problem =
      ::posix_spawnp(&pid, argv[0], &actions.files, &actions.attributes, argv.data(), envp.data());
  if (problem != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("\"{}\" cannot be started: {}; is it installed, and in PATH?",
                            spec.command.front(), std::strerror(problem)));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(
      loop, pid, streams[0].release(), streams[1].release(), streams[2].release()));
}

ChildProcess::ChildProcess(Loop& loop, pid_t pid, int input, int output, int errors)
    : loop_(loop), pid_(pid) {
  input_.emplace(loop, input);
  output_.emplace(loop, output);
  errors_.emplace(loop, errors);
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    exit_.emplace(loop, fd);
  }
}

ChildProcess::~ChildProcess() {
  if (reaped_) return;
  signal_group(SIGKILL);
  reap();
}

void ChildProcess::signal_group(int number) const { ::kill(-pid_, number); }

// Whether it has ended; it is not reaped yet, so that its id is nobody else's.
bool ChildProcess::ended() {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid_;
}

void ChildProcess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    how_it_ended_ = fmt::format("was killed by signal {} ({})", number, ::strsignal(number));
  } else {
    how_it_ended_ = fmt::format("exited with status {}", WEXITSTATUS(status));
  }
}

Task<void> ChildProcess::stop(Duration grace) {
  if (reaped_) co_return;
  ::shutdown(input_->fd(), SHUT_WR);
  for (const int number : {0, SIGTERM}) {
    if (ended()) break;
    if (number != 0) signal_group(number);
    const TimePoint deadline = loop_.now() + grace;
    if (exit_) {
      co_await exit_->until_readable(deadline);
    } else {
      co_await loop_.sleep_until(deadline);
    }
  }
  // What it started goes with it, whether or not it has ended itself.
  signal_group(SIGKILL);
  reap();
}

}  // namespace tidegate::mcp
