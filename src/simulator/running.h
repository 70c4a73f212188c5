// Running: a simulator with a listener and a thread of its own; for `tidegate simulate`, for the
// embedded default and for tests. start and destructor are for the owner's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "http/server.h"
#include "loop/address.h"
#include "loop/worker.h"
#include "simulator/options.h"
#include "simulator/simulator.h"

namespace tidegate::simulator {

class Running {
 public:
  Running(Options options, const Clock& clock);
  // Breaks what is in flight, then ends the thread.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return address_.port(); }
  [[nodiscard]] Simulator& simulator() { return simulator_; }

 private:
  friend Result<std::unique_ptr<Running>> run(Options options, const Address& address);

  Simulator simulator_;
  Worker worker_;
  Worker* workers_[1];
  http::Server server_;
  Address address_;
};

// Listens on `address` (port 0: any free one) and serves until the result is destroyed.
[[nodiscard]] Result<std::unique_ptr<Running>> run(Options options, const Address& address);

}  // namespace tidegate::simulator
