#include "loop/notice.h"

namespace tidegate {

void Notice::Awaiter::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  Awaiter** end = &notice_.first_;
  while (*end != nullptr) end = &(*end)->next_;
  *end = this;
  link_ = end;
  notice_.loop_.arm(timer_, deadline_);
}

void Notice::Awaiter::unlink() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  next_ = nullptr;
  link_ = nullptr;
}

void Notice::Awaiter::on_timer(void* self) {
  auto& awaiter = *static_cast<Awaiter*>(self);
  awaiter.unlink();
  awaiter.waiter_.resume();
}

void Notice::give() {
  // A list of our own: whoever wakes may wait again at once, or destroy the notice.
  Awaiter* list = first_;
  first_ = nullptr;
  if (list != nullptr) list->link_ = &list;
  while (list != nullptr) {
    Awaiter& awaiter = *list;
    awaiter.unlink();
    awaiter.timer_.disarm();
    awaiter.wake_ = Wake::ready;
    awaiter.waiter_.resume();
  }
}

}  // namespace tidegate
