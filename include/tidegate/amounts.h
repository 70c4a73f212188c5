// What is counted: tokens, and money as integers. Plain values, any thread.
#pragma once

#include <compare>
#include <cstdint>

namespace tidegate {

using Tokens = std::int64_t;

// 1e-9 USD.
struct NanoDollars {
  std::int64_t value = 0;

  auto operator<=>(const NanoDollars&) const = default;
  NanoDollars& operator+=(NanoDollars other) {
    value += other.value;
    return *this;
  }
  friend NanoDollars operator+(NanoDollars a, NanoDollars b) { return {a.value + b.value}; }
  friend NanoDollars operator-(NanoDollars a, NanoDollars b) { return {a.value - b.value}; }
};

}  // namespace tidegate
