#include "engine/budget.h"

namespace tidegate::engine {

bool Budget::reserve(NanoDollars amount) {
  for (const Budget* each = this; each != nullptr; each = each->within_) {
    if (!each->fits(amount)) return false;
  }
  hold(amount);
  return true;
}

void Budget::hold(NanoDollars amount) {
  for (Budget* each = this; each != nullptr; each = each->within_) each->reserved_ += amount;
}

void Budget::settle(NanoDollars reserved, NanoDollars cost) {
  for (Budget* each = this; each != nullptr; each = each->within_) {
    each->reserved_ = each->reserved_ - reserved;
    each->spent_ += cost;
  }
}

const Budget* Budget::too_small_for(NanoDollars amount) const {
  for (const Budget* each = this; each != nullptr; each = each->within_) {
    if (each->limit_ && each->spent_ + amount > *each->limit_) return each;
  }
  return nullptr;
}

}  // namespace tidegate::engine
