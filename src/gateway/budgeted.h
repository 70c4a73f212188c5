// Budgeted: what a request holds of the budgets that count it. Lives in its walk, on one worker.
#pragma once

#include "base/recycle.h"
#include "budgets/budgets.h"

namespace tidegate::gateway {

struct Budgeted : Recycled {
  budgets::Charge charge;                    // of the attempt that is made
  const budgets::Rule* divert_by = nullptr;  // the budget that would send the request elsewhere
  bool diverted = false;
  bool awaits = false;  // those who share a budget are being asked
  bool waited = false;  // long enough for that
};

}  // namespace tidegate::gateway
