#include "engine/budget.h"

namespace tidegate::engine {

const Budget* Budget::reserve(NanoDollars amount) {
  for (const Budget* each = this; each != nullptr; each = each->within_) {
    if (!each->fits(amount)) return each;
  }
  for (Budget* each = this; each != nullptr; each = each->within_) each->reserved_ += amount;
  return nullptr;
}

void Budget::settle(NanoDollars reserved, NanoDollars cost) {
  for (Budget* each = this; each != nullptr; each = each->within_) {
    each->reserved_ = each->reserved_ - reserved;
    each->spent_ += cost;
  }
}

bool Budget::could_hold(NanoDollars amount) const {
  for (const Budget* each = this; each != nullptr; each = each->within_) {
    if (each->limit_ && each->spent_ + amount > *each->limit_) return false;
  }
  return true;
}

}  // namespace tidegate::engine
