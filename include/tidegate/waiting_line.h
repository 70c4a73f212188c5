// WaitingLine: who waits for a limit, first come first served, the interactive before the batch.
//
// Only the first in line looks for its turn, and only it is woken when something comes back: no
// herd. Whoever leaves wakes the next. Thread-safe; the mutex is taken by those who wait, and by
// others only while somebody does.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "tidegate/rate_limits.h"

namespace tidegate {

class WaitingLine {
 public:
  // Called whenever it is worth while to look for the turn again, by any thread and under the
  // line's lock: it must neither block nor call the line.
  using Wake = std::function<void()>;

  explicit WaitingLine(std::size_t max_length) : max_length_(max_length) {}

  // Left by destroying it.
  class Place {
   public:
    ~Place() { line_.leave(*this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    [[nodiscard]] bool first() const { return line_.is_first(*this); }

   private:
    friend class WaitingLine;
    using Entry = std::list<Wake>::iterator;
    Place(WaitingLine& line, Priority priority, Entry entry)
        : line_(line), priority_(priority), entry_(entry) {}
    WaitingLine& line_;
    Priority priority_;
    Entry entry_;
  };

  // Null: the line is full.
  [[nodiscard]] std::unique_ptr<Place> join(Priority priority, Wake wake);

  // Whether one of this priority may go ahead without overtaking anybody.
  [[nodiscard]] bool is_free_for(Priority priority) const {
    return lengths_[0].load() == 0 &&
           (priority == Priority::interactive || lengths_[1].load() == 0);
  }
  [[nodiscard]] std::size_t length() const { return lengths_[0].load() + lengths_[1].load(); }

  // Something came back that the first in line may have waited for.
  void look_again() {
    if (length() != 0) wake_first();
  }

 private:
  void leave(Place& place);
  [[nodiscard]] bool is_first(const Place& place) const;
  void wake_first();
  [[nodiscard]] const Wake* first() const;  // under the lock

  const std::size_t max_length_;
  mutable std::mutex mutex_;
  std::array<std::list<Wake>, 2> waiting_;  // by Priority
  // As the lists; raised before the newcomer looks at the limit and read after something was given
  // back, so that one of the two sees the other.
  std::array<std::atomic<std::size_t>, 2> lengths_{};
};

}  // namespace tidegate
