// The event loop of one worker: edge-triggered epoll, timers, and a mailbox for other threads.
// Everything but post() and stop() is for the loop's own thread.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "loop/socket.h"
#include "loop/timer_wheel.h"

struct epoll_event;

namespace tidegate {

class Outbox;

class Loop {
 public:
  // `io_uring`: uses it where the system allows it.
  explicit Loop(const Clock& clock, bool io_uring = true);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). Work posted before stop() is still done.
  void run();
  void stop();

  // Runs `work` on the loop's thread, soon. Any thread; work is done in the order of posting.
  void post(std::move_only_function<void()> work);

  // Called at the end of each turn, before the loop sleeps. Set before run().
  void at_turn_end(std::function<void(TimePoint now)> hook) { turn_end_ = std::move(hook); }

  // The time at which this turn began; one reading of the clock serves the whole turn.
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] WallTime wall() const { return wall_; }
  void arm(Timer& timer, TimePoint deadline) { timers_.arm(timer, deadline); }

  class Sleep;
  // Waits until `deadline`.
  Sleep sleep_until(TimePoint deadline);

  // Memory for one read: valid until the coroutine that uses it suspends.
  static constexpr std::size_t kScratchSize = 64 * 1024;
  [[nodiscard]] char* scratch() { return scratch_.get(); }
  // Room for one TLS record, used within one write.
  [[nodiscard]] char* tls_record();

 private:
  friend class Socket;
  void add(Socket& socket);
  void remove(Socket& socket);
  // What is written now leaves with the outbox, which a busy turn empties at its end.
  [[nodiscard]] bool gathers() const { return gathers_; }
  [[nodiscard]] Outbox& outbox() { return *outbox_; }
  void refresh_time();
  void dispatch(int count);
  void run_posted();
  [[nodiscard]] int epoll_timeout();

  static constexpr int kEvents = 256;

  const Clock& clock_;
  int epoll_fd_;
  int wake_fd_;
  TimePoint now_{};
  WallTime wall_{};
  TimerWheel timers_;
  std::unique_ptr<char[]> scratch_;
  std::unique_ptr<char[]> tls_record_;
  std::unique_ptr<epoll_event[]> events_;
  int event_count_ = 0;  // of the batch in dispatch; its sockets may be destroyed meanwhile
  int event_index_ = 0;
  std::unique_ptr<Outbox> outbox_;
  bool gathers_ = false;
  std::function<void(TimePoint)> turn_end_;
  bool stopped_ = false;

  // The mailbox is locked once a connection or a look-up, never once a request.
  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;
};

class [[nodiscard]] Loop::Sleep {
 public:
  Sleep(Loop& loop, TimePoint deadline) : loop_(loop), deadline_(deadline) {}
  bool await_ready() const { return deadline_ <= loop_.now(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    loop_.arm(timer_, deadline_);
  }
  void await_resume() const {}

 private:
  static void fire(void* self);
  Loop& loop_;
  TimePoint deadline_;
  Timer timer_{&Sleep::fire, this};
  std::coroutine_handle<> waiter_;
};

inline Loop::Sleep Loop::sleep_until(TimePoint deadline) { return {*this, deadline}; }

}  // namespace tidegate
