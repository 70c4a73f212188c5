// Counter: the money of one budget and one name, period by period: what was spent, and what
// requests in flight have reserved. Shared by all workers; reserving and settling are a few atomic
// steps, a lock is taken when a period first comes.
//
// Money that is reserved is settled in the period that it was reserved in, however late. So an
// attempt counts in the period that it began in, as in the ledger.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"

namespace tidegate::budgets {

class Counter {
 public:
  // One period's money.
  class Slot {
   public:
    // Takes `amount` if no more than `limit` would then be spent and reserved, nor more than the
    // allowance. False: nothing was taken, and it is wanted().
    [[nodiscard]] bool reserve(NanoDollars amount, NanoDollars limit);
    // Takes it whatever is left.
    void reserve_anyway(NanoDollars amount) { held_.fetch_add(amount.value); }
    // What was reserved turned out as `real`.
    void settle(NanoDollars reserved, NanoDollars real);
    // The ledger has it: it was spent before this process counted, or by others who share the
    // ledger.
    void restore(NanoDollars spent);
    [[nodiscard]] NanoDollars restored() const { return {restored_.load()}; }

    [[nodiscard]] NanoDollars spent() const { return {spent_.load()}; }
    // Spent and reserved together.
    [[nodiscard]] NanoDollars held() const { return {held_.load()}; }

    // What processes have spent of it that this one shares the budget with, as it last heard.
    [[nodiscard]] NanoDollars elsewhere() const { return {elsewhere_.load()}; }
    [[nodiscard]] NanoDollars total() const { return spent() + elsewhere(); }
    [[nodiscard]] std::int64_t period() const { return period_.load(); }

    // Of a slot that is shared (treasury.h).
    // The part of the budget that this process may use by itself: held() stays below it as below
    // the budget. One that is not shared has all of its budget.
    [[nodiscard]] NanoDollars allowance() const { return {allowance_.load()}; }
    void allow(NanoDollars allowance) { allowance_.store(allowance.value); }
    // Takes back what is above `allowance` and not held. Gives the allowance that there is now.
    NanoDollars lower(NanoDollars allowance);
    void hear(NanoDollars elsewhere) { elsewhere_.store(elsewhere.value); }
    // The most that one request was refused, since the last look.
    [[nodiscard]] NanoDollars wanted() { return {wanted_.exchange(0)}; }
    void set_limit(NanoDollars limit) { limit_.store(limit.value, std::memory_order_relaxed); }
    [[nodiscard]] NanoDollars limit() const { return {limit_.load(std::memory_order_relaxed)}; }
    // All is given out: there is no use in waiting for more.
    [[nodiscard]] bool dry() const { return dry_.load(std::memory_order_relaxed); }
    void set_dry(bool dry) { dry_.store(dry, std::memory_order_relaxed); }
    // True for one caller, until the treasury heard() it.
    [[nodiscard]] bool call() { return !called_.load() && !called_.exchange(true); }
    void heard() { called_.store(false); }
    [[nodiscard]] bool watched() const { return watched_.load(); }
    void watch(bool watched) { watched_.store(watched); }

    // True for one caller only: the `number`th alert of this period is due. `terms`: the amount and
    // thresholds that it is one of, as a number; under others it is due again.
    [[nodiscard]] bool raise(std::uint64_t terms, std::size_t number);

   private:
    friend class Counter;
    static constexpr std::int64_t kAll = INT64_MAX;
    static constexpr std::int64_t kFree = INT64_MIN;
    static constexpr std::uint64_t kAlerts = 0xffff;  // bits, of more alerts than one may have
    void start(std::int64_t period, bool shared);
    bool refuse(NanoDollars amount);

    std::atomic<std::int64_t> period_{kFree};
    std::atomic<std::int64_t> held_{0}, spent_{0}, restored_{0}, allowance_{kAll};
    std::atomic<std::int64_t> elsewhere_{0}, wanted_{0}, limit_{0};
    std::atomic<std::uint64_t> raised_{0};  // the terms, but for the bits of the alerts
    std::atomic<bool> watched_{false}, called_{false}, dry_{false};
  };

  // shared: slots begin with no allowance.
  Counter(std::string_view name, bool shared) : name_(name), shared_(shared) {}
  [[nodiscard]] const std::string& name() const { return name_; }

  // The slot of the period that begins at `period` (PeriodClock::begin_at). The first call for a
  // period takes the place of the one that came first: a wall clock that is set back finds the
  // last three periods again.
  [[nodiscard]] Slot& at(std::int64_t period);

  // What was spent at `when`, for the rate.
  void note_rate(NanoDollars amount, WallTime when);
  // What was spent in the hour before `now`, by the last two hours of the clock.
  [[nodiscard]] NanoDollars last_hour(WallTime now) const;

 private:
  Slot& begin(std::int64_t period);

  // A request lives for less than a day, so three periods later none holds the first slot's money.
  static constexpr std::size_t kSlots = 4;
  const std::string name_;
  const bool shared_;
  std::array<Slot, kSlots> slots_;
  std::atomic<std::uint32_t> newest_{0};  // index of the slot that is asked for most
  std::atomic<std::int64_t> hour_{0}, this_hour_{0}, hour_before_{0};
  std::mutex mutex_;  // taken when a period first comes
  std::uint32_t next_ = 0;
};

}  // namespace tidegate::budgets
