#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "cli/commands.h"
#include "simulator/running.h"

namespace tidegate::cli {

int simulate(const SimulateOptions& options) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const Result<Address> address = Address::parse_listen(options.listen);
  if (!address) {
    fmt::print(stderr, "--listen: {}\n", address.error().message);
    return kWrongUsage;
  }
  auto running = simulator::run({}, *address);
  if (!running) {
    fmt::print(stderr, "{}\n", running.error().message);
    return kCouldNotRun;
  }
  fmt::print("listening on {}\n", (*running)->address().text());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&signals, &signal);
  return kDone;
}

}  // namespace tidegate::cli
