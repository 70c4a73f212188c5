// The hand-over of records from the workers to the ledger's writer: a lock-free stack that the
// writer takes as a whole and turns round. push() from any thread; the rest from one thread.
#pragma once

#include <atomic>
#include <utility>

#include "ledger/usage_record.h"

namespace tidegate::ledger {

class RecordQueue {
 public:
  struct Node {
    UsageRecord record;
    Node* next = nullptr;
  };

  RecordQueue() = default;
  RecordQueue(const RecordQueue&) = delete;
  RecordQueue& operator=(const RecordQueue&) = delete;
  ~RecordQueue() {
    take([](const UsageRecord&) {});
  }

  // True when the taker sleeps and the caller must wake it: once per sleep, whoever is first.
  [[nodiscard]] bool push(UsageRecord&& record) {
    auto* node = new Node{std::move(record)};
    Node* top = top_.load(std::memory_order_relaxed);
    do {
      node->next = top == asleep() ? nullptr : top;
    } while (!top_.compare_exchange_weak(top, node, std::memory_order_release,
                                         std::memory_order_relaxed));
    return top == asleep();
  }

  // Marks the taker as asleep; false when records came in between.
  [[nodiscard]] bool fall_asleep() {
    Node* empty = nullptr;
    return top_.compare_exchange_strong(empty, asleep(), std::memory_order_relaxed);
  }
  void wake_up() {
    Node* sleeping = asleep();
    top_.compare_exchange_strong(sleeping, nullptr, std::memory_order_relaxed);
  }

  // Calls `each` for every record, in the order of arrival. The taker is awake.
  template <class Each>
  void take(Each&& each) {
    Node* top = top_.exchange(nullptr, std::memory_order_acquire);
    if (top == asleep()) return;
    Node* oldest = nullptr;
    while (top != nullptr) oldest = std::exchange(top, std::exchange(top->next, oldest));
    while (oldest != nullptr) {
      each(std::as_const(oldest->record));
      delete std::exchange(oldest, oldest->next);
    }
  }

 private:
  // A value of top_ that no record has: an empty queue whose taker sleeps. One word holds both
  // facts, so a record can never slip in between "empty" and "asleep" unnoticed.
  Node* asleep() { return &asleep_; }

  Node asleep_;
  alignas(64) std::atomic<Node*> top_{nullptr};
};

}  // namespace tidegate::ledger
