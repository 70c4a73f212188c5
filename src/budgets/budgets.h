// Budgets: the budgets of one configuration and of virtual keys, and the Charge that an attempt
// holds of those that count it: reserved before it leaves, settled by what it cost.
// Immutable after build() but for its counters; shared by all workers. A reload hands on what was
// counted.
#pragma once

#include <array>
#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/name_table.h"
#include "budgets/alert.h"
#include "budgets/counter.h"
#include "budgets/period.h"
#include "budgets/succession.h"
#include "budgets/treasury.h"
#include "config/config.h"

namespace tidegate::limits {
struct KeyEntry;
}

namespace tidegate::budgets {

// Whose money an attempt spends, as its ledger record will say. What is empty has no budget.
struct Spender {
  std::string_view tenant{}, key{}, key_name{}, client{}, route{}, provider{}, model{}, task{};
  std::span<const config::SpendingCap> caps{};  // of the key itself

  // The name and the caps of the virtual key; null: there is none.
  void add(const limits::KeyEntry* virtual_key);
};

// What has been counted for one budget, and outlives its configuration.
struct Counters {
  Counters(config::BudgetPer per, TimeZone zone, std::size_t max_names, bool shared);

  const PeriodClock periods;
  NameTable<Counter> names;  // of keys, their ids
  std::atomic<std::uint64_t> refused{0}, diverted{0}, alerts{0};
  std::atomic<bool> restored{false};  // what the ledger has is in it
};

struct Rule {
  const config::Budget budget;
  const std::vector<int> alert_at;  // as Alert::share, ascending
  const bool of_keys = false;       // holds the keys' own caps; the budget's amount says nothing
  const bool added = false;         // the configuration before had no such budget
  const std::shared_ptr<Counters> counters;
  Counter* const only;            // of one that counts one name; null: it counts several
  const NanoDollars first_alert;  // what it is given at; not of keys' own caps

  // Holds for one name, or for all together; not for each of many.
  [[nodiscard]] bool is_of_one() const {
    return budget.scope == config::BudgetScope::global ||
           (!budget.name.empty() && budget.scope != config::BudgetScope::key);
  }
};

// Why an attempt may not be made.
struct Refusal {
  enum class Why : std::uint8_t {
    exhausted,      // it may cost more than is left
    reserved,       // the same, but only while other requests are in flight
    unknown_price,  // nobody knows what it costs
  } why{};
  const Rule* rule = nullptr;
  std::string_view name;  // whose budget it is: as in the Spender
  NanoDollars limit, asked, left;
  Period period;
  bool awaits = false;  // more was asked for, of those who share the budget: look again shortly

  // out_of_budget or rate_limited, with the reason in a sentence.
  [[nodiscard]] Error error() const;
  // "tenant.day"
  [[nodiscard]] std::string budget_name() const;
};

class Budgets;

// What one attempt has reserved. Given back in full when dropped. Its Budgets must outlive it.
class [[nodiscard]] Charge {
 public:
  static constexpr std::size_t kMostParts = 24;

  Charge() {}  // parts_ stays as it is: 768 bytes
  Charge(Charge&& other) noexcept;
  Charge& operator=(Charge&& other) noexcept;
  ~Charge() { cancel(); }

  // The attempt has cost `real`.
  void settle(NanoDollars real, WallTime now);
  void cancel() { give_back(); }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] NanoDollars reserved() const { return reserved_; }

 private:
  friend class Budgets;
  struct Part {
    const Rule* rule;
    Counter* counter;
    Counter::Slot* slot;
    std::int64_t nano_limit;  // a plain number, which nobody sets to zero before it is known
    [[nodiscard]] NanoDollars limit() const { return {nano_limit}; }
  };
  void give_back();

  const Budgets* budgets_ = nullptr;
  std::array<Part, kMostParts> parts_;
  std::size_t count_ = 0;
  NanoDollars reserved_;
  WallTime at_;
};

// How one budget stands.
struct Standing {
  const Rule* rule = nullptr;
  std::string name;  // of a key, its id
  Period period;
  NanoDollars limit;
  NanoDollars spent, reserved;       // spent by all who share it, reserved here
  NanoDollars last_hour;             // spent in the last 60 minutes
  std::optional<WallTime> runs_out;  // at that rate; absent: not in this period
};

class Budgets {
 public:
  // `settings` were checked. previous: of the configuration before; may be null. treasury: shares
  // them with others, and must outlive this; null: nobody does.
  static std::shared_ptr<const Budgets> build(std::span<const config::Budget> settings,
                                              AlertSink sink, const Budgets* previous,
                                              Treasury* treasury = nullptr);

  // Whether the configuration has any; keys may have caps all the same.
  [[nodiscard]] bool any() const { return rules_.size() > config::kBudgetPers; }

  // Reserves `worst` with every budget that counts the attempt, or nothing. `worst` absent: its
  // price is unknown. diverted: it was sent elsewhere already; budgets that do so count it only.
  [[nodiscard]] std::expected<Charge, Refusal> reserve(const Spender& who,
                                                       std::optional<NanoDollars> worst,
                                                       WallTime at, bool diverted) const;

  // A key's own cap; nullopt: it has none.
  using CapOf = std::function<std::optional<NanoDollars>(std::string_view key, config::BudgetPer)>;

  // Before the budgets of a reload are restored, and until it is refused (null): attempts that
  // began under these count with `next` too, see succession.h.
  void follow(std::shared_ptr<const Budgets> next) const { succession_.follow(std::move(next)); }
  [[nodiscard]] bool followed() const { return succession_.next() != nullptr; }
  // An attempt that began under these is about to be recorded.
  void count_late(const Spender& who, std::string_view request, std::int64_t attempt,
                  NanoDollars cost, WallTime started, WallTime now) const;
  [[nodiscard]] bool has_counted(std::string_view request, std::int64_t attempt) const {
    return counted_late_.has(request, attempt);
  }

  // At start and after a reload, for budgets that are new, restore.h: adds what the ledger has of
  // an attempt; the first moment whose attempts are wanted (absent: none are); and the end, when
  // alerts that are due are given, of known ones too, whose amounts may be others now.
  void restore(const Spender& who, NanoDollars cost, WallTime started, WallTime now) const;
  [[nodiscard]] std::optional<WallTime> restore_since(
      WallTime now, const std::function<bool(config::BudgetPer)>& any_cap) const;
  void restored(WallTime now, const CapOf& cap_of) const;
  [[nodiscard]] bool is_restored() const;

  // Of the budgets of one name, and of the others that have counted anything in this period.
  [[nodiscard]] std::vector<Standing> standings(WallTime now, const CapOf& cap_of) const;
  [[nodiscard]] std::vector<Standing> standings_of_one_name(WallTime now) const;
  [[nodiscard]] std::span<const Rule> rules() const { return rules_; }

 private:
  friend class Charge;
  template <class Visit>
  bool visit(const Spender& who, Visit visit) const;
  static void add_standings(const Rule& rule, WallTime now, const CapOf& cap_of,
                            std::vector<Standing>& out);
  void crossed(const Charge::Part& part, WallTime at, WallTime now) const;
  void call(const Charge::Part& part, WallTime at) const;
  void turned_away(const Charge::Part& part, WallTime at) const;
  void raise(const Charge::Part& part, std::size_t number, bool turned_away, WallTime at,
             WallTime now) const;

  std::vector<Rule> rules_;  // named ones before those for each; the last ones are of keys
  AlertSink sink_;
  Treasury* treasury_ = nullptr;
  mutable Succession succession_;
  mutable CountedLate counted_late_;
};

}  // namespace tidegate::budgets
