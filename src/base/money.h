// Money as integers: NanoDollars (1e-9 USD) for amounts, PicoDollars per token for prices.
// A price of 1 USD per million tokens is 1,000,000 pico-dollars per token, so the catalogue's
// smallest prices (0.0028 USD per million) stay exact. Plain values, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "tidegate/amounts.h"

namespace tidegate {

struct PicoDollars {
  std::int64_t value = 0;
  auto operator<=>(const PicoDollars&) const = default;
};

inline constexpr std::int64_t kPicoPerTokenPerUsdPerMillion = 1'000'000;

// "$0.001234", exact: trailing zeros after the second decimal are dropped ("$1.50",
// "$0.000000003").
std::string format_usd(NanoDollars amount);

}  // namespace tidegate
