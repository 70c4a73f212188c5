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
    erase(spare_.exchange(nullptr, std::memory_order_acquire));
  }

  // True when the taker sleeps and the caller must wake it: once per sleep, whoever is first.
  [[nodiscard]] bool push(UsageRecord&& record) {
    Node* node = make_node();
    // The strings of an older record go to the caller, on whose thread they were allocated.
    node->record = std::move(record);
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
    Node* used = nullptr;
    std::size_t kept = 0;
    while (oldest != nullptr) {
      Node* const node = std::exchange(oldest, oldest->next);
      each(std::as_const(node->record));
      node->record.owner.reset();
      if (++kept > kMostSpare) {
        delete node;
      } else {
        node->next = std::exchange(used, node);
      }
    }
    erase(spare_.exchange(used, std::memory_order_acq_rel));
  }

 private:
  // Used nodes go back to the workers, who would else allocate on one thread what is freed on
  // another: the slow way through malloc. More than this are not kept.
  static constexpr std::size_t kMostSpare = 1024;

  struct Spares {
    Node* first = nullptr;
    ~Spares() { erase(first); }
  };

  Node* make_node() {
    thread_local Spares mine;
    if (mine.first == nullptr) mine.first = spare_.exchange(nullptr, std::memory_order_acquire);
    if (mine.first == nullptr) return new Node;
    return std::exchange(mine.first, mine.first->next);
  }
  static void erase(Node* first) {
    while (first != nullptr) delete std::exchange(first, first->next);
  }

  // A value of top_ that no record has: an empty queue whose taker sleeps. One word holds both
  // facts, so a record can never slip in between "empty" and "asleep" unnoticed.
  Node* asleep() { return &asleep_; }

  Node asleep_;
  alignas(64) std::atomic<Node*> top_{nullptr};
  alignas(64) std::atomic<Node*> spare_{nullptr};
};

}  // namespace tidegate::ledger
