#include "base/background_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace tidegate {
namespace {

// sched_setattr(2), which glibc has from 2.41 on.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime_ns;  // of these policies: the slice, from Linux 6.12 on
  std::uint64_t deadline_ns;
  std::uint64_t period_ns;
};

// Longer than Linux's own, which is 3 ms or so: a thread with a shorter one that wakes up goes
// first (EEVDF, kernel/sched/fair.c: PREEMPT_SHORT). Not much longer, since twice this is also the
// most that a thread may be owed and then take at once.
constexpr std::uint64_t kSliceNs = 10'000'000;

}  // namespace

void run_in_background() {
  SchedulingAttributes wanted{};
  wanted.size = sizeof wanted;
  // SCHED_BATCH: waking up, it waits for what runs.
  wanted.policy = SCHED_BATCH;
  wanted.nice = ::getpriority(PRIO_PROCESS, 0);  // as it is
  wanted.runtime_ns = kSliceNs;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

// A thread that wakes up and has had a little more than its share cannot interrupt who runs, and is
// thought of again at the next tick only, 4 ms later. Sleeping keeps what this thread is owed;
// sched_yield() would give it away.
void give_way() { std::this_thread::sleep_for(std::chrono::microseconds(50)); }

std::thread start_without_signals(std::function<void()> work) {
  // A thread inherits the mask of who starts it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace tidegate
