#include "ledger/sums.h"

namespace tidegate::ledger {

std::string_view name(Measure measure) {
  constexpr std::array<std::string_view, kMeasures> kNames{"attempts",
                                                           "requests",
                                                           "succeeded",
                                                           "prompt_tokens",
                                                           "completion_tokens",
                                                           "cost_nano_usd",
                                                           "cached_tokens",
                                                           "saved_by_cache_nano_usd",
                                                           "reasoning_tokens",
                                                           "failed",
                                                           "unknown_price_attempts",
                                                           "peak_cost_nano_usd",
                                                           "saved_by_window_nano_usd",
                                                           "retried_cost_nano_usd",
                                                           "failed_cost_nano_usd",
                                                           "cache_write_tokens"};
  return kNames[static_cast<std::size_t>(measure)];
}

bool is_money(Measure measure) { return name(measure).ends_with("_nano_usd"); }

LabelFlags flags_of(const Label& label) {
  return {.ok = label.outcome == "ok", .last = label.last, .peak = label.peak};
}

Sums sums_of(const Tally& tally, LabelFlags flags) {
  Sums sums;
  const std::int64_t cost = tally.cost.value;
  sums[Measure::attempts] = tally.attempts;
  sums[Measure::requests] = flags.last ? tally.attempts : 0;
  sums[Measure::succeeded] = flags.last && flags.ok ? tally.attempts : 0;
  sums[Measure::failed] = flags.ok ? 0 : tally.attempts;
  sums[Measure::unpriced] = tally.unpriced;
  sums[Measure::prompt] = tally.usage.prompt;
  sums[Measure::cached] = tally.usage.cached;
  sums[Measure::cache_write] = tally.usage.cache_write;
  sums[Measure::completion] = tally.usage.completion;
  sums[Measure::reasoning] = tally.usage.reasoning;
  sums[Measure::cost] = cost;
  sums[Measure::peak_cost] = flags.peak ? cost : 0;
  sums[Measure::retried_cost] = flags.last ? 0 : cost;
  sums[Measure::failed_cost] = flags.last && !flags.ok ? cost : 0;
  sums[Measure::saved_by_cache] = tally.saved_by_cache.value;
  sums[Measure::saved_by_window] = tally.saved_by_window.value;
  return sums;
}

Tally tally_of(const Entry& entry) {
  Tally tally;
  tally.add(entry.usage, entry.cost, entry.saved_by_cache, entry.saved_by_window);
  return tally;
}

}  // namespace tidegate::ledger
