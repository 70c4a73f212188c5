#include "simulator/running.h"

#include <thread>

namespace tidegate::simulator {
namespace {

const SystemClock kClock;

}  // namespace

Running::Running(Options options, const Clock& clock)
    : simulator_(options),
      worker_(clock, "simulator"),
      workers_{&worker_},
      server_(http::ServerOptions{}, simulator_, workers_) {}

Running::~Running() {
  server_.drain();
  server_.abort();
  // The loop has to run until its last connection has ended, and must not run any more when the
  // server goes.
  while (server_.open() != 0) std::this_thread::sleep_for(1ms);
  worker_.stop_and_join();
}

Result<std::unique_ptr<Running>> run(Options options, const Address& address) {
  auto running = std::make_unique<Running>(options, kClock);
  const Result<Address> bound = running->server_.start(running->worker_.loop(), address);
  if (!bound) return std::unexpected(bound.error());
  running->address_ = *bound;
  running->worker_.start();
  return running;
}

}  // namespace tidegate::simulator
