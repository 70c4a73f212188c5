// Treasury: shares the slots of budgets with other processes. A slot that is shared may use no more
// than its allowance; the treasury raises and lowers it, by what all have together (sharing/).
#pragma once

#include <memory>
#include <string>

#include "base/money.h"
#include "base/time.h"
#include "budgets/counter.h"

namespace tidegate::budgets {

struct Account {
  std::shared_ptr<Counter::Slot> slot;
  std::string name;      // of the budget, whom it holds for and the period: alike everywhere
  std::int64_t period;   // that the slot had
  WallTime end;          // of it; WallTime::max(): none
  NanoDollars restored;  // of what the slot has spent: the ledger had it
};

class Treasury {
 public:
  virtual ~Treasury() = default;
  // A slot that is not watched is used, or one has too little. Any thread; must not block. At most
  // once until the slot was heard().
  virtual void called(Account account) = 0;
};

}  // namespace tidegate::budgets
