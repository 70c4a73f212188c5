// Bounds of which zero says that nobody knows them. A pure function.
#pragma once

#include <algorithm>

#include "base/money.h"

namespace tidegate::gateway {

// The smaller one of those that are known; zero: neither is.
inline Tokens smaller_known(Tokens a, Tokens b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

}  // namespace tidegate::gateway
