// Cancel: says once, to all who listen, that what they do is no longer wanted.
// Held by whoever starts work, listened to by what waits within it. One loop, never shared.
#pragma once

#include <functional>
#include <utility>

namespace tidegate {

class Cancel {
 public:
  Cancel() = default;
  Cancel(const Cancel&) = delete;
  Cancel& operator=(const Cancel&) = delete;

  // Calls `then` at most once, on cancel(), as long as it lives.
  class Listener {
   public:
    Listener(Cancel& cancel, std::move_only_function<void()> then) : then_(std::move(then)) {
      next_ = cancel.first_;
      if (next_ != nullptr) next_->link_ = &next_;
      cancel.first_ = this;
      link_ = &cancel.first_;
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { unlink(); }

   private:
    friend class Cancel;
    void unlink() {
      if (link_ == nullptr) return;
      *link_ = next_;
      if (next_ != nullptr) next_->link_ = link_;
      link_ = nullptr;
    }
    std::move_only_function<void()> then_;
    Listener* next_ = nullptr;
    Listener** link_ = nullptr;
  };

  void cancel() {
    canceled_ = true;
    // A list of our own: whoever is told may destroy this.
    Listener* list = std::exchange(first_, nullptr);
    if (list != nullptr) list->link_ = &list;
    while (list != nullptr) {
      Listener& listener = *list;
      listener.unlink();
      auto then = std::move(listener.then_);  // it may destroy its listener
      then();
    }
  }
  [[nodiscard]] bool canceled() const { return canceled_; }

 private:
  bool canceled_ = false;
  Listener* first_ = nullptr;
};

}  // namespace tidegate
