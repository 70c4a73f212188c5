// A flag that one thread sleeps on and others raise; sleeping costs nothing until then.
// raise() from any thread; wait() from one.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace tidegate::ledger {

class Signal {
 public:
  // Never blocks; a system call only when the flag was not yet up.
  void raise();
  // Sleeps until the flag is up, and takes it down, or until `deadline` (kNever: no deadline).
  void wait(TimePoint deadline);

 private:
  std::atomic<std::uint32_t> raised_{0};
};

}  // namespace tidegate::ledger
