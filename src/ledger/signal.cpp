#include "ledger/signal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace tidegate::ledger {

// A futex rather than a condition variable: raise() is called by workers, which take no lock.
void Signal::raise() {
  if (raised_.exchange(1, std::memory_order_release) == 0) {
    syscall(SYS_futex, &raised_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
}

void Signal::wait(TimePoint deadline) {
  while (raised_.exchange(0, std::memory_order_acquire) == 0) {
    timespec left{};
    if (deadline != kNever) {
      const Duration rest = deadline - std::chrono::steady_clock::now();
      if (rest <= Duration::zero()) return;
      left.tv_sec = rest / 1s;
      left.tv_nsec = (rest % 1s).count();
    }
    syscall(SYS_futex, &raised_, FUTEX_WAIT_PRIVATE, 0, deadline == kNever ? nullptr : &left,
            nullptr, 0);
  }
}

}  // namespace tidegate::ledger
