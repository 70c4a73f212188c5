// What a moment and a usage cost.
#include <algorithm>

#include "catalog/catalog.h"

namespace tidegate::catalog {

using namespace std::chrono;

namespace {

// No prompt and no answer has a billion tokens; the bound keeps sums of hostile counts finite.
constexpr Tokens kMostTokens = 1'000'000'000;

Tokens count(Tokens tokens) { return std::clamp<Tokens>(tokens, 0, kMostTokens); }

// Rounded half up, below zero too. In 64 bits unless it is more than nine million dollars: the
// compiler has no cheap division of 128.
NanoDollars nano(__int128 pico) {
  const __int128 shifted = pico + 500;
  const auto narrow = static_cast<std::int64_t>(shifted);
  if (narrow == shifted) return {narrow / 1000 - (narrow % 1000 < 0 ? 1 : 0)};
  return {static_cast<std::int64_t>(shifted / 1000 - (shifted % 1000 < 0 ? 1 : 0))};
}

}  // namespace

bool Calendar::is_peak(WallTime at) const {
  if (at < from) return false;
  const sys_days local_date = floor<days>(at + minutes{holiday_utc_offset_minutes});
  if (std::ranges::find(holidays, local_date) != holidays.end()) return false;
  const sys_days date = floor<days>(at);
  const auto minute = floor<minutes>(at - date).count();
  const unsigned weekday_bit = 1u << (weekday{date}.iso_encoding() - 1);
  return std::ranges::any_of(windows, [&](const Window& window) {
    return at >= window.from && at < window.until &&
           (static_cast<unsigned>(window.weekday_mask) & weekday_bit) != 0 &&
           minute >= window.start_minute && minute < window.end_minute;
  });
}

Quote Catalog::quote(const Model& model, WallTime at, Tokens prompt) const {
  const Epoch* epoch = nullptr;
  for (const Epoch& candidate : model.epochs) {
    if (candidate.from <= at) epoch = &candidate;
  }
  if (epoch == nullptr || epoch->tiers.empty()) return {};
  const Tier* tier = &epoch->tiers.front();
  for (const Tier& candidate : epoch->tiers) {
    if (prompt > candidate.above) tier = &candidate;
  }
  if (!epoch->has_peak) return {&tier->off_peak, epoch->id, false, nullptr};
  const auto calendar = calendars_.find(model.calendar);
  const bool peak = calendar != calendars_.end() && calendar->second.is_peak(at);
  return {peak ? &tier->peak : &tier->off_peak, epoch->id, peak, peak ? nullptr : &tier->peak};
}

std::optional<NanoDollars> cost(const Price& price, const Usage& usage) {
  const Tokens cached = count(usage.cached);
  const Tokens written = count(usage.cache_write);
  const Tokens fresh = count(count(usage.prompt) - cached - written);
  const struct {
    Tokens tokens;
    std::optional<PicoDollars> each;
  } parts[] = {{fresh, price.input},
               {cached, price.cached},
               {written, price.cache_write},
               {count(usage.completion), price.output}};
  __int128 pico = 0;
  for (const auto& [tokens, each] : parts) {
    if (tokens == 0) continue;
    if (!each) return std::nullopt;
    pico += static_cast<__int128>(tokens) * each->value;
  }
  return nano(pico);
}

Savings savings(const Quote& quote, const Usage& usage, NanoDollars paid) {
  Savings saved;
  if (quote.price != nullptr && quote.price->input && (usage.cached | usage.cache_write) != 0) {
    __int128 pico = 0;
    const auto add = [&](Tokens tokens, const std::optional<PicoDollars>& each) {
      if (each)
        pico += static_cast<__int128>(count(tokens)) * (quote.price->input->value - each->value);
    };
    add(usage.cached, quote.price->cached);
    add(usage.cache_write, quote.price->cache_write);
    saved.by_cache = nano(pico);
  }
  if (quote.dearer != nullptr) {
    if (const auto at_peak = cost(*quote.dearer, usage)) saved.by_window = *at_peak - paid;
  }
  return saved;
}

}  // namespace tidegate::catalog
