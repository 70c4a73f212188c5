// Succession: how attempts that are in flight at a reload come to count in the budgets that it
// brings. They hold nothing of them, and the ledger has no record of them yet: so who records one
// counts it with the configurations that followed its own, before the ledger has it.
//
// From follow() on some workers do so and others, which looked before, do not: the ledger is read
// when all have begun another turn of their loops. Records of this time may then be in it too, so
// they are remembered. follow() by the thread that builds configurations, all else by any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace tidegate::budgets {

class Budgets;

class Succession {
 public:
  // Null: it was refused.
  void follow(std::shared_ptr<const Budgets> next);
  // Null: none followed.
  [[nodiscard]] std::shared_ptr<const Budgets> next() const {
    return any_.load(std::memory_order_acquire) ? next_.load() : nullptr;
  }

 private:
  std::atomic<bool> any_{false};
  std::atomic<std::shared_ptr<const Budgets>> next_;
};

// The attempts that were counted while the ledger was read.
class CountedLate {
 public:
  void add(std::string_view request, std::int64_t attempt);
  [[nodiscard]] bool has(std::string_view request, std::int64_t attempt) const;
  // The ledger was read.
  void end();

 private:
  std::atomic<bool> any_{false}, ended_{false};
  mutable std::mutex mutex_;  // of what a reload finds in flight
  std::unordered_set<std::string> ids_;
};

}  // namespace tidegate::budgets
