// The signals that end or reload a process, for the commands that run until they are told to stop.
// block() first thing in the main thread; on_signal is called on a thread of its own.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace tidegate::cli {

// Signals come to one thread, which hands them to the main loop.
class Signals {
 public:
  explicit Signals(std::function<void(int)> on_signal) {
    thread_ = std::thread([this, on_signal = std::move(on_signal)] {
      int signal = 0;
      while (::sigwait(&set_, &signal) == 0 && !stopping_) on_signal(signal);
    });
  }
  ~Signals() {
    stopping_ = true;
    ::pthread_kill(thread_.native_handle(), SIGHUP);
    thread_.join();
  }
  // Before any thread starts, since threads inherit the mask.
  static void block() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
  }

 private:
  static inline sigset_t set_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tidegate::cli
