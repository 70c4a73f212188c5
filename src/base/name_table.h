// NameTable: one object for each name, made when the name first comes: the limiter of every key,
// the budget of every tenant. Any thread; find() takes no lock and allocates nothing for a name
// that was seen before. Objects stay where they are as long as the table.
//
// The number of names is bounded. Those that come after that share one object.
#pragma once

#include <atomic>
#include <bit>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace tidegate {

template <class T>
class NameTable {
 public:
  // Called once for each name, and with none for the shared object.
  using Make = std::function<std::unique_ptr<T>(std::string_view name)>;

  NameTable(std::size_t max_names, Make make)
      : max_names_(max_names),
        make_(std::move(make)),
        slot_mask_(std::bit_ceil(max_names * 2) - 1),  // half of them stay empty, so probes end
        slots_(static_cast<Slot*>(std::calloc(slot_mask_ + 1, sizeof(Slot)))),
        others_(make_({})) {
    if (slots_ == nullptr) throw std::bad_alloc();
  }

  [[nodiscard]] T& find(std::string_view name) {
    std::size_t slot = hash_bytes(name) & slot_mask_;
    for (;; slot = (slot + 1) & slot_mask_) {
      const Entry* entry = slots_[slot].load(std::memory_order_acquire);
      if (entry == nullptr) return add(name, slot);
      if (entry->name == name) return *entry->object;
    }
  }

  // Calls `each(object)` for all that were made, and last for the shared one. Names that come
  // meanwhile wait.
  template <class Each>
  void for_each(Each each) const {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) each(*entry.object);
    each(*others_);
  }

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<T> object;
  };
  using Slot = std::atomic<Entry*>;
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };

  T& add(std::string_view name, std::size_t slot) {
    const std::lock_guard lock(mutex_);
    // Another thread may have added it, or another name in its place.
    for (;; slot = (slot + 1) & slot_mask_) {
      const Entry* entry = slots_[slot].load(std::memory_order_relaxed);
      if (entry == nullptr) break;
      if (entry->name == name) return *entry->object;
    }
    if (entries_.size() >= max_names_) return *others_;
    Entry& entry = entries_.emplace_back(std::string(name), make_(name));
    slots_[slot].store(&entry, std::memory_order_release);
    return *entry.object;
  }

  const std::size_t max_names_;
  const Make make_;
  const std::size_t slot_mask_;
  std::unique_ptr<Slot[], Free> slots_;  // calloc: pages come when they are touched
  mutable std::mutex mutex_;             // taken when a name comes for the first time
  std::deque<Entry> entries_;
  std::unique_ptr<T> others_;
};

}  // namespace tidegate
