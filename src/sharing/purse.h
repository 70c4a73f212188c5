// Purse: the account of one budget's slot (budgets/treasury.h) with the budget in Redis: how much
// this gateway may still spend of it, what is asked for and given back, and the fair share that it
// has while Redis is away. Used by Purses, on the link's thread.
//
//   sum of what all have spent + sum of what all may still spend <= the budget
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "budgets/treasury.h"
#include "redis/commands.h"
#include "redis/reply.h"
#include "sharing/membership.h"

namespace tidegate::sharing {

// As whom a gateway spends. Of one whose ledger is its own: an id that stays with the ledger, so
// that a gateway that comes again goes on where it was. Where all have one ledger: the process.
struct Spending {
  std::string id;  // empty: the process's
  bool one_ledger = false;
};

class Purse {
 public:
  // It covers what is spent in so long, beside what is in flight.
  static constexpr double kAhead = 0.5;         // seconds
  static constexpr Duration kIdle = 1s;         // after this without use what is left goes back
  static constexpr Duration kRenew = 1s;        // so old is what is known of what others spent
  static constexpr Duration kAskAgain = 200ms;  // when there was nothing left
  // An outage that ends sooner gives nobody a share: what is leased lasts for longer, and a request
  // that has too little waits for so long. Nor does the time until the first connection.
  static constexpr Duration kGrace = 250ms;
  // After the start and after an outage: by then the others have said what they spent.
  static constexpr Duration kSettle = Membership::kSettled;

  // settled: when the others will have said what they spent.
  Purse(budgets::Account account, const std::string& prefix, const Spending& spending,
        TimePoint settled, TimePoint now);

  // It was called again: somebody uses it.
  void called(TimePoint now);
  // Reads the slot. False: the slot is another period's by now.
  bool measure(TimePoint now);
  // Whether there was anything to ask. `leaving`: all goes back.
  bool ask(redis::Commands& commands, const std::string& gateway, const std::string& gateways_key,
           int gateways, bool leaving, TimePoint now, WallTime wall);
  void hear(const redis::Reply& reply, TimePoint now);
  // Nothing is in flight, unspent or unsaid, and nothing was asked for lately.
  [[nodiscard]] bool over(TimePoint now);
  // The period ended, some time ago or long ago.
  [[nodiscard]] bool ended(WallTime wall) const;
  [[nodiscard]] bool forgotten(WallTime wall) const;

  // Without Redis: our share, of `gateways`, of what was left.
  void alone(int gateways);
  void joined(TimePoint settled);
  // The server was there all the time that the others might have spent without it.
  void steady();
  [[nodiscard]] bool idle(TimePoint now) const { return now - used_ > kIdle; }
  [[nodiscard]] const budgets::Account& account() const { return account_; }

 private:
  // In the terms of the budget: what we have spent in the period as who we spend as.
  [[nodiscard]] NanoDollars ours(NanoDollars spent) const { return spent - not_ours_ + lost_; }
  [[nodiscard]] NanoDollars target(int gateways) const;
  // What may still be spent here, by requests in flight too.
  [[nodiscard]] NanoDollars lease() const;

  const budgets::Account account_;
  budgets::Counter::Slot& slot_;
  const std::string key_;
  const Spending& spending_;
  const NanoDollars not_ours_;  // of what the slot has spent: the ledger has it of all
  // That we had spent, as the server knows, and our ledger lost; kept by the server, so that the
  // next life knows of it whatever this one spends without saying so.
  NanoDollars lost_;
  std::unordered_map<std::string, NanoDollars> others_;  // who has spent what
  NanoDollars elsewhere_;                                // the sum of those
  bool known_ = false;                                   // the server has told

  NanoDollars held_, spent_;  // as measured
  NanoDollars said_{-1};      // of ours, when it was said last
  NanoDollars need_;          // of one request that did not get it
  double rate_ = 0;           // nano-dollars spent per second, smoothed
  NanoDollars asked_;
  TimePoint measured_, used_, asked_at_{}, settled_, dry_until_{};
  bool others_want_ = false, alone_ = false;
  bool has_share_ = false;  // of an outage that is not settled
  bool gave_up_ = false;    // of a lease, and did not say so yet
  bool report_ = true;      // all that is known, as the server may have forgotten
};

}  // namespace tidegate::sharing
