// Budget: what a run, a role, a task or a sub-workflow may spend. Money is reserved for the worst
// case before a request leaves and settled with what it cost; a budget within another asks that one
// too. Used by the runner on its loop.
#pragma once

#include <coroutine>
#include <optional>
#include <string>
#include <vector>

#include "base/money.h"

namespace tidegate::engine {

class Budget {
 public:
  // `within`: the budget that this one is a part of; null: none. It must outlive this one.
  explicit Budget(std::string name, std::optional<NanoDollars> limit = {}, Budget* within = nullptr)
      : name_(std::move(name)), limit_(limit), within_(within) {}

  // Holds the amount; false: it does not fit now.
  [[nodiscard]] bool reserve(NanoDollars amount);
  // The same, whether it fits or not: what an earlier process reserved.
  void hold(NanoDollars amount);
  // Gives back what reserve() held; `cost` is spent.
  void settle(NanoDollars reserved, NanoDollars cost);
  // What an earlier process spent.
  void add_spent(NanoDollars cost) { settle({}, cost); }

  // The budget that all the others are parts of.
  [[nodiscard]] Budget& whole() { return within_ == nullptr ? *this : within_->whole(); }
  // Of the whole: coroutines that wait until something is settled.
  std::vector<std::coroutine_handle<>> waiting;

  void set_limit(std::optional<NanoDollars> limit) { limit_ = limit; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::optional<NanoDollars> limit() const { return limit_; }
  [[nodiscard]] NanoDollars spent() const { return spent_; }
  [[nodiscard]] NanoDollars reserved() const { return reserved_; }
  // The innermost budget that `amount` would not fit into even if nothing else were reserved, so
  // that waiting does not help; null: none.
  [[nodiscard]] const Budget* too_small_for(NanoDollars amount) const;

 private:
  [[nodiscard]] bool fits(NanoDollars amount) const {
    return !limit_ || spent_ + reserved_ + amount <= *limit_;
  }

  std::string name_;
  std::optional<NanoDollars> limit_;
  Budget* within_;
  NanoDollars spent_, reserved_;
};

}  // namespace tidegate::engine
