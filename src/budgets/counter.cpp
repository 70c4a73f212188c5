#include "budgets/counter.h"

#include <algorithm>

namespace tidegate::budgets {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

std::int64_t hour_of(WallTime at) { return at.time_since_epoch().count() / kHour; }

}  // namespace

bool Counter::Slot::refuse(NanoDollars amount) {
  // What two threads want at once may be the smaller one: whoever comes again asks again.
  if (wanted_.load(std::memory_order_relaxed) < amount.value) wanted_.store(amount.value);
  return false;
}

bool Counter::Slot::reserve(NanoDollars amount, NanoDollars limit) {
  if (this->limit() != limit) set_limit(limit);  // a reload may change it
  const std::int64_t left = limit.value - elsewhere_.load(std::memory_order_relaxed);
  std::int64_t held = held_.load();
  do {
    const std::int64_t most = std::min(left, allowance_.load());
    if (amount.value > most - held) return refuse(amount);
  } while (!held_.compare_exchange_weak(held, held + amount.value));
  // Either we see here that it was lowered meanwhile, or lower() sees what we hold.
  if (held + amount.value <= allowance_.load()) return true;
  held_.fetch_sub(amount.value);
  return refuse(amount);
}

NanoDollars Counter::Slot::lower(NanoDollars allowance) {
  const std::int64_t before = allowance_.exchange(allowance.value);
  const std::int64_t most = std::min(before, std::max(allowance.value, held_.load()));
  allowance_.store(most);
  return {most};
}

void Counter::Slot::settle(NanoDollars reserved, NanoDollars real) {
  // Spent first: whoever reads both never sees more reserved than there is.
  spent_.fetch_add(real.value);
  held_.fetch_add(real.value - reserved.value);
}

void Counter::Slot::restore(NanoDollars spent) {
  restored_.fetch_add(spent.value);
  settle({}, spent);
}

bool Counter::Slot::raise(std::uint64_t terms, std::size_t number) {
  const std::uint64_t none = terms & ~kAlerts;
  const std::uint64_t bit = 1u << number;
  std::uint64_t known = raised_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t given = (known & ~kAlerts) == none ? known : none;
    if ((given & bit) != 0) return false;
    if (raised_.compare_exchange_weak(known, given | bit)) return true;
  }
}

void Counter::Slot::start(std::int64_t period, bool shared) {
  held_.store(0);
  spent_.store(0);
  restored_.store(0);
  allowance_.store(shared ? 0 : kAll);
  elsewhere_.store(0);
  wanted_.store(0);
  raised_.store(0);
  watched_.store(false);
  called_.store(false);
  dry_.store(false);
  period_.store(period, std::memory_order_release);
}

Counter::Slot& Counter::at(std::int64_t period) {
  Slot& newest = slots_[newest_.load(std::memory_order_relaxed)];
  if (newest.period_.load(std::memory_order_acquire) == period) return newest;
  return begin(period);
}

Counter::Slot& Counter::begin(std::int64_t period) {
  const std::lock_guard lock(mutex_);
  const auto is_it = [period](const Slot& slot) { return slot.period_.load() == period; };
  auto* slot = std::ranges::find_if(slots_, is_it);
  if (slot == slots_.end()) {
    slot = slots_.begin() + next_++ % kSlots;
    slot->start(period, shared_);
  }
  newest_.store(static_cast<std::uint32_t>(slot - slots_.begin()));
  return *slot;
}

// Two threads at the turn of an hour may lose a few requests of the rate, not of the money.
void Counter::note_rate(NanoDollars amount, WallTime when) {
  const std::int64_t hour = hour_of(when);
  std::int64_t known = hour_.load(std::memory_order_relaxed);
  if (hour > known && hour_.compare_exchange_strong(known, hour)) {
    const std::int64_t ended = this_hour_.exchange(0);
    hour_before_.store(known == hour - 1 ? ended : 0);
  }
  if (hour >= known) this_hour_.fetch_add(amount.value, std::memory_order_relaxed);
  if (hour == known - 1) hour_before_.fetch_add(amount.value, std::memory_order_relaxed);
}

NanoDollars Counter::last_hour(WallTime now) const {
  const std::int64_t hour = hour_of(now);
  const std::int64_t known = hour_.load();
  const std::int64_t current = known == hour ? this_hour_.load() : 0;
  const std::int64_t before = known == hour       ? hour_before_.load()
                              : known == hour - 1 ? this_hour_.load()
                                                  : 0;
  const double left =
      1 - static_cast<double>(now.time_since_epoch().count() % kHour) / static_cast<double>(kHour);
  return {current + static_cast<std::int64_t>(static_cast<double>(before) * left)};
}

}  // namespace tidegate::budgets
