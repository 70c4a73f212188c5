// Sums: what reports add up and roll-ups keep, one number per measure, and how a group of like
// records becomes one. Plain values, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/segment.h"

namespace tidegate::ledger {

// In the order in which roll-ups keep them: those that are often zero come last. Published ones
// never move; new ones go to the end.
enum class Measure : std::uint8_t {
  attempts,
  requests,   // answers to clients: their last attempts
  succeeded,  // of `requests`: ended well
  prompt,
  completion,
  cost,  // all costs are nano-dollars, of the attempts whose price is known
  cached,
  saved_by_cache,  // less than without the prompt cache; negative where writing it cost more
  reasoning,
  failed,           // attempts that did not end well
  unpriced,         // attempts whose price is unknown
  peak_cost,        // of `cost`: at peak prices
  saved_by_window,  // less than the same tokens at peak hours
  retried_cost,     // of `cost`: attempts that another one followed
  failed_cost,      // of `cost`: last attempts that did not end well
  cache_write,
};
inline constexpr std::size_t kMeasures = 16;

// As in JSON, CSV and the SQL views.
[[nodiscard]] std::string_view name(Measure measure);
// Whether it is an amount of money.
[[nodiscard]] bool is_money(Measure measure);

struct Sums {
  std::array<std::int64_t, kMeasures> values{};

  std::int64_t& operator[](Measure which) { return values[static_cast<std::size_t>(which)]; }
  std::int64_t operator[](Measure which) const { return values[static_cast<std::size_t>(which)]; }
  Sums& operator+=(const Sums& other) {
    for (std::size_t i = 0; i < kMeasures; ++i) values[i] += other.values[i];
    return *this;
  }
  Sums& operator-=(const Sums& other) {
    for (std::size_t i = 0; i < kMeasures; ++i) values[i] -= other.values[i];
    return *this;
  }
  bool operator==(const Sums&) const = default;
};

// What a label says of its records decides which sums they count in.
struct LabelFlags {
  bool ok = false, last = false, peak = false;
};
[[nodiscard]] LabelFlags flags_of(const Label& label);
[[nodiscard]] Sums sums_of(const Tally& tally, LabelFlags flags);
[[nodiscard]] Tally tally_of(const Entry& entry);

}  // namespace tidegate::ledger
