// Purses: keeps the allowances of shared budgets filled. Each slot that is used has a purse, which
// is asked for ahead of what will be spent, and says what was. A purse that rests keeps what it
// knows, in case the server forgets it. The protocol and its bounds: docs/many-gateways.md.
//
// called() is for any thread, all else for the link's.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "budgets/treasury.h"
#include "sharing/membership.h"
#include "sharing/purse.h"

namespace tidegate::sharing {

class Purses final : public Errand, public budgets::Treasury {
 public:
  Purses(std::string prefix, Spending spending, Link& link, const Membership& members,
         const Clock& clock);

  void called(budgets::Account account) override;

  TimePoint due(TimePoint now) override;
  void ask(redis::Commands& commands, TimePoint now) override;
  void hear(std::span<const redis::Reply> replies, TimePoint now) override;
  void lost(TimePoint now) override;
  void joined(TimePoint now) override;
  void alone(TimePoint now) override;
  void leaving() override { leaving_ = true; }

 private:
  static constexpr std::size_t kMostAtOnce = 500;  // in one round; the others wait for the next
  // Budgets of which so many are in use are asked for once a second though nobody spends of them,
  // so that this gateway knows what was spent when Redis goes away. Of more, the idle ones rest.
  static constexpr std::size_t kMostWatched = 1000;
  void take_calls(TimePoint now);

  const std::string prefix_;
  Spending spending_;
  Link& link_;
  const Membership& members_;
  const Clock& clock_;
  std::mutex mutex_;  // of calls_: a slot calls once, when it is used again or has too little
  std::vector<budgets::Account> calls_;
  std::atomic<bool> any_calls_{false};
  std::unordered_map<budgets::Counter::Slot*, Purse> purses_;
  std::vector<budgets::Counter::Slot*> active_;
  std::vector<budgets::Counter::Slot*> asked_;  // in this round
  TimePoint last_round_{}, settled_{};
  std::optional<TimePoint> away_since_;  // nobody could be asked
  bool urgent_ = false, busy_ = false, leaving_ = false;
};

}  // namespace tidegate::sharing
