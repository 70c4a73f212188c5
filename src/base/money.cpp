#include "base/money.h"

#include <fmt/format.h>

namespace tidegate {

std::string format_usd(NanoDollars amount) {
  constexpr std::uint64_t kNanoPerDollar = 1'000'000'000;
  const bool negative = amount.value < 0;
  const auto bits = static_cast<std::uint64_t>(amount.value);
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  std::string text = fmt::format("{}${}.{:09}", negative ? "-" : "", magnitude / kNanoPerDollar,
                                 magnitude % kNanoPerDollar);
  const std::size_t shortest = text.size() - 7;  // two decimals
  while (text.size() > shortest && text.back() == '0') text.pop_back();
  return text;
}

}  // namespace tidegate
