// Lease: the account of one slice with its bound in Redis: how much it should hold, what is asked
// for and given back, and the fair share that it gets while Redis is away.
// Used by Leases, on the link's thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "redis/commands.h"
#include "redis/reply.h"
#include "sharing/link.h"
#include "tidegate/slice.h"

namespace tidegate::sharing {

class Lease {
 public:
  // A slice covers the demand of so long.
  static constexpr double kAhead = 0.3;  // seconds
  // After this without use what it holds goes back.
  static constexpr Duration kIdle = 1s;
  // The bound and who holds it are forgotten by the server after a minute.
  static constexpr Duration kRenew = 20s;
  // After an outage all are back, and have said what they spent, within this.
  static constexpr Duration kSettle = Link::kLongestBackoff + Link::kReply;
  // What a bound allows at once is at least what it allows in this time, as rounds take some.
  static constexpr double kLeastBurst = 0.25;  // seconds

  Lease(std::shared_ptr<Slice> slice, const std::string& prefix, TimePoint now);

  // Reads the slice's counters. Gives the number of takes since the last time.
  std::uint32_t measure(TimePoint now);
  // How seldom it may be asked for: where a slice cannot be as large as the demand, twice while
  // what is ours of the rate would fill it, or the bound would be full, and lose what it earns.
  [[nodiscard]] Duration longest_gap(int gateways) const;
  // Whether it was worth a command. `leaving`: all goes back.
  bool ask(redis::Commands& commands, const std::string& id, const std::string& gateways_key,
           int gateways, bool leaving, TimePoint now);
  // `pause`: until the next round.
  void hear(const redis::Reply& reply, Duration pause, TimePoint now);
  void lost();
  // Nothing is held, owed or used any more.
  [[nodiscard]] bool over(TimePoint now);
  // Of one that is over: whether it knows more of the bound than a new one would.
  [[nodiscard]] bool worth_keeping(TimePoint now) const;

  // Without Redis: this gateway's share, of `gateways`.
  void begin_alone(int gateways, TimePoint now);
  void alone(int gateways, TimePoint now);
  // What of its share it spent is charged in the next round.
  void end_alone(int gateways, TimePoint now);

 private:
  [[nodiscard]] bool is_slots() const { return slice_->terms().rate <= 0; }
  [[nodiscard]] Tokens target(int gateways) const;
  [[nodiscard]] bool idle(TimePoint now) const { return now - used_ > kIdle; }
  [[nodiscard]] double level(TimePoint now) const;  // as far as we know
  void earn_share(int gateways, TimePoint now);
  void take_share(Tokens n);
  void say_when(int gateways, TimePoint now);
  [[nodiscard]] Tokens fair_slots(int gateways) const;

  std::shared_ptr<Slice> slice_;
  std::string key_;
  double capacity_;  // at least kLeastBurst
  Slice::Demand latest_;
  double demand_ = 0;  // tokens per second, smoothed
  Tokens need_ = 0;    // of one request that did not get it
  TimePoint measured_, used_, asked_at_{};
  TimePoint empty_until_{};
  Tokens slots_ = 0;      // of slots: ours, free and in use
  Tokens asked_ = 0;      // in this round
  Tokens owed_ = 0;       // in this round, and forgiven with its reply
  Tokens unsettled_ = 0;  // spent of the fair share
  bool others_want_ = false;
  bool report_ = false;  // what is held, even if nothing is asked for
  // The level at the source when it was last heard of, as the server wrote it.
  double level_;
  TimePoint level_at_;
  std::string level_text_ = "0", level_time_ = "0";
  // Of the fair share: what is not yet taken, and what that would be if nothing had been.
  double share_ = 0, untouched_ = 0;
  // What was taken alone, in this outage and in those before, and has not been earned back since.
  double spent_alone_ = 0;
  TimePoint earned_at_, settled_{};
  bool alone_ = false;
};

}  // namespace tidegate::sharing
