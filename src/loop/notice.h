// Notice: coroutines of one loop wait here until somebody gives it, or until a deadline.
// Used by whatever is not a socket: answers that another coroutine reads, a thing under way that
// several want. One loop, never shared.
#pragma once

#include <coroutine>

#include "loop/loop.h"

namespace tidegate {

class Notice {
 public:
  explicit Notice(Loop& loop) : loop_(loop) {}
  Notice(const Notice&) = delete;
  Notice& operator=(const Notice&) = delete;

  class [[nodiscard]] Awaiter {
   public:
    Awaiter(Notice& notice, TimePoint deadline) : notice_(notice), deadline_(deadline) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() { unlink(); }
    bool await_ready() const { return deadline_ <= notice_.loop_.now(); }
    void await_suspend(std::coroutine_handle<> waiter);
    // Wake::ready: given; Wake::timed_out: the deadline came first.
    Wake await_resume() const { return wake_; }

   private:
    friend class Notice;
    static void on_timer(void* self);
    void unlink();

    Notice& notice_;
    TimePoint deadline_;
    Wake wake_ = Wake::timed_out;
    Timer timer_{&Awaiter::on_timer, this};
    std::coroutine_handle<> waiter_;
    Awaiter* next_ = nullptr;
    Awaiter** link_ = nullptr;  // what points to this one; null: it does not wait
  };

  // Waits for the next give(): what was given before counts for nothing, so look first.
  Awaiter until_given(TimePoint deadline) { return {*this, deadline}; }
  // Wakes all who wait now, one after the other. They may destroy the notice.
  void give();

 private:
  Loop& loop_;
  Awaiter* first_ = nullptr;
};

}  // namespace tidegate
