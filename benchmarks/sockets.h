// The few socket calls that the load generator and the mock provider share, on 127.0.0.1 only.
// Free functions without state; they end the program with a sentence when the system refuses.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <string_view>

namespace tidegate::bench {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: comparable between processes
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

// Prints `what` and the system's error, exits with 3.
[[noreturn]] void die(std::string_view what);

// Raises the soft descriptor limit to the hard one and asks for exact timers (the kernel's default
// slack of 50 us would be half of the latency that is measured).
void prepare_process();

// A non-blocking listening socket. Port 0: the system chooses; see local_port().
int listen_on(int port);
int local_port(int fd);

// A connected, non-blocking socket with TCP_NODELAY; -1 with errno when refused or after 5 s.
int connect_to(int port);
void make_prompt(int fd);  // non-blocking, TCP_NODELAY

// epoll_wait with nanosecond resolution until `until`. Returns the number of events.
int wait_for_events(int epoll, epoll_event* events, int room, TimePoint until);

}  // namespace tidegate::bench
