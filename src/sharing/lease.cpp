#include "sharing/lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "sharing/lease_scripts.h"

namespace tidegate::sharing {
namespace {

// Demand is believed sooner when it rises than when it falls.
constexpr double kRise = 0.1, kFall = 1;  // seconds
// As kAhead, of slots that are scarce.
constexpr double kScarceAhead = 0.05;  // seconds
// An empty bound is asked again after this at the latest: others may have given something back.
constexpr Duration kAskAgain = 200ms;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Duration as_duration(double in_seconds) {
  return Duration{static_cast<std::int64_t>(std::min(in_seconds, 1e8) * 1e9)};
}

Tokens number(const redis::Reply& reply, std::size_t index) {
  const redis::Reply* item = reply.at(index);
  return item == nullptr ? 0 : item->number().value_or(0);
}

}  // namespace

Lease::Lease(std::shared_ptr<Slice> slice, const std::string& prefix, TimePoint now)
    : slice_(std::move(slice)),
      key_(prefix + ":limit:" + slice_->terms().name),
      capacity_(
          std::max(static_cast<double>(slice_->capacity()), slice_->terms().rate * kLeastBurst)),
      measured_(now),
      used_(now),
      level_(capacity_),
      level_at_(now),
      earned_at_(now) {}

std::uint32_t Lease::measure(TimePoint now) {
  latest_ = slice_->look();
  const double passed = std::max(seconds(now - measured_), 1e-3);
  measured_ = now;
  const double current = static_cast<double>(latest_.taken + latest_.wanted) / passed;
  demand_ += (current - demand_) * -std::expm1(-passed / (current > demand_ ? kRise : kFall));
  if (latest_.takes != 0 || slice_->waiting() != 0) used_ = now;
  if (latest_.largest != 0) need_ = latest_.largest;
  if (latest_.held >= need_ || idle(now)) need_ = 0;
  return latest_.takes;
}

Tokens Lease::target(int gateways) const {
  const auto most = static_cast<Tokens>(capacity_ / (2 * gateways));
  if (is_slots() && others_want_) {
    // One that lies ready here is missing elsewhere; a token is only until the next is earned.
    return std::max(std::min(static_cast<Tokens>(demand_ * kScarceAhead), most), need_);
  }
  const auto wanted = static_cast<Tokens>(std::ceil(demand_ * kAhead));
  return std::max(std::min(wanted, most), std::max<Tokens>(need_, 1));
}

Duration Lease::longest_gap(int gateways) const {
  if (is_slots() || demand_ * kAhead <= capacity_ / (2 * gateways)) return Duration::max();
  return as_duration(capacity_ / slice_->terms().rate / 4);
}

bool Lease::ask(redis::Commands& commands, const std::string& id, const std::string& gateways_key,
                int gateways, bool leaving, TimePoint now) {
  const bool unused = leaving || latest_.closed || idle(now);
  const Tokens target = unused ? 0 : this->target(gateways);
  Tokens given = 0;
  if (latest_.held > 2 * target) given = slice_->give_back(target);
  const Tokens held = std::max<Tokens>(latest_.held - given, 0);
  owed_ = std::max<Tokens>(-latest_.held, 0);
  asked_ = 0;
  if (held < need_ || held * 10 < target * 6) asked_ = target - held;
  // After an outage it says first what it spent, and so do the others, before anybody asks.
  if (unused || report_ || now < std::min(empty_until_, asked_at_ + kAskAgain)) asked_ = 0;
  // The others may not have said yet what they spent: until then it is given no more than its
  // share, though there seems to be more.
  if (now < settled_) {
    earn_share(gateways, now);
    take_share(-given);
    const Tokens share = is_slots() ? fair_slots(gateways) - slots_ : static_cast<Tokens>(share_);
    asked_ = std::clamp<Tokens>(share, 0, asked_);
    if (!is_slots() && held < need_ && asked_ < need_ - held) say_when(gateways, now);
  }
  const bool renews = (held != 0 || slots_ != 0) && (report_ || now - asked_at_ > kRenew);
  if (given == 0 && owed_ == 0 && asked_ == 0 && unsettled_ == 0 && !renews) {
    report_ = false;
    return false;
  }
  asked_at_ = now;
  const std::string asked = std::to_string(asked_);
  const std::string needed = std::to_string(std::min(need_, asked_));
  if (is_slots()) {
    slots_ += owed_ - given;
    commands.call(slots_script(), {key_, gateways_key},
                  {id, std::to_string(slice_->capacity()), std::to_string(slots_), asked, needed});
  } else {
    commands.call(tokens_script(), {key_, gateways_key},
                  {id, fmt::format("{:.17g}", slice_->terms().rate),
                   fmt::format("{:.17g}", capacity_), std::to_string(held), std::to_string(given),
                   std::to_string(owed_ + unsettled_), asked, needed, level_text_, level_time_});
  }
  return true;
}

void Lease::hear(const redis::Reply& reply, Duration pause, TimePoint now) {
  const Tokens granted = number(reply, 0);
  const Tokens left = number(reply, 1);
  others_want_ = number(reply, 3) > 0 || left == 0;
  if (is_slots()) {
    slots_ += granted;
  } else {
    level_text_ = reply.at(4) == nullptr ? "0" : reply.at(4)->text;
    level_time_ = reply.at(5) == nullptr ? "0" : reply.at(5)->text;
    std::from_chars(level_text_.data(), level_text_.data() + level_text_.size(), level_);
    level_at_ = now;
    unsettled_ = 0;
    if (now < settled_) take_share(granted);
  }
  // Who does not get all that it asks for has drained the source: what comes meanwhile need not be
  // asked for.
  if (granted < asked_) {
    const Duration wait = std::chrono::microseconds(number(reply, 2));
    empty_until_ = now + std::max(wait, pause);
    slice_->empty_until(empty_until_);
  }
  report_ = false;
  slice_->grant(granted + owed_, left);
  asked_ = owed_ = 0;
  slice_->wake();
}

bool Lease::over(TimePoint now) {
  if (!(latest_.closed || idle(now))) return false;
  if (latest_.held != 0 || slots_ != 0 || unsettled_ != 0) return false;
  if (alone_) return false;
  return slice_->rest();
}

bool Lease::worth_keeping(TimePoint now) const {
  return !latest_.closed && !is_slots() && (level(now) < capacity_ || spent_alone_ > 0);
}

double Lease::level(TimePoint now) const {
  return std::min(capacity_, level_ + seconds(now - level_at_) * slice_->terms().rate);
}

void Lease::lost() {
  if (is_slots()) slots_ -= owed_;
  asked_ = owed_ = 0;
}

void Lease::begin_alone(int gateways, TimePoint now) {
  alone_ = true;
  earn_share(gateways, now);
  // The last outage has not been settled yet: it goes on.
  if (std::exchange(unsettled_, 0) != 0) return;
  // What was left is divided by those who were there. A bound that nobody asked for was full.
  // Others may have taken more since we heard of it, so that outages after each other could each
  // give what was left before the first: a share that was spent has to be earned back.
  share_ = std::max(std::min(level(now), capacity_ - spent_alone_ * gateways) / gateways, 0.0);
  untouched_ = share_;
}

void Lease::earn_share(int gateways, TimePoint now) {
  const double most = capacity_ / gateways;
  const double earned = seconds(now - earned_at_) * slice_->terms().rate / gateways;
  earned_at_ = now;
  share_ = std::min(most, share_ + earned);
  untouched_ = std::min(most, untouched_ + earned);
  spent_alone_ = std::max(spent_alone_ - earned, 0.0);
}

void Lease::take_share(Tokens n) {
  share_ -= static_cast<double>(n);
  spent_alone_ = std::max(spent_alone_ + static_cast<double>(n), 0.0);
}

void Lease::say_when(int gateways, TimePoint now) {
  const double until = (static_cast<double>(need_) - share_) * gateways / slice_->terms().rate;
  slice_->empty_until(now + std::max<Duration>(as_duration(until), 1ms));
}

Tokens Lease::fair_slots(int gateways) const {
  return std::max<Tokens>(slice_->capacity() / gateways, 1);
}

void Lease::alone(int gateways, TimePoint now) {
  if (!alone_) begin_alone(gateways, now);
  if (is_slots()) {
    const Tokens fair = fair_slots(gateways);
    if (fair == slots_) return;
    slice_->grant(fair - slots_, 0);
    slots_ = fair;
  } else {
    earn_share(gateways, now);
    const Tokens wanted = idle(now) ? 0 : target(gateways);
    // What it holds too much goes back to the share, as it would to the source.
    take_share(-slice_->give_back(2 * wanted));
    const Tokens missing = std::max<Tokens>(wanted - latest_.held, 0);
    const Tokens granted = std::min(missing, static_cast<Tokens>(std::max(share_, 0.0)));
    take_share(granted);
    if (granted < need_) say_when(gateways, now);
    if (granted == 0) return;
    slice_->grant(granted, static_cast<Tokens>(share_));
  }
  slice_->wake();
}

void Lease::end_alone(int gateways, TimePoint now) {
  if (!std::exchange(alone_, false)) return;
  if (!is_slots()) {
    // The server has earned meanwhile, as if nobody had taken anything.
    earn_share(gateways, now);
    unsettled_ = std::max<Tokens>(static_cast<Tokens>(std::ceil(untouched_ - share_)), 0);
  }
  empty_until_ = {};
  settled_ = now + kSettle;
  report_ = true;  // the server may know nothing any more
}

}  // namespace tidegate::sharing
