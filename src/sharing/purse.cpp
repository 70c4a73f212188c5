#include "sharing/purse.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "sharing/purse_script.h"

namespace tidegate::sharing {
namespace {

constexpr double kSmooth = 0.3;  // seconds
// Of a period that has ended, nobody looks after requests that began in it are over; in Redis it is
// kept for longer. And one that does not end, since it was used.
constexpr Duration kRest = 10min;
constexpr Duration kAfterwards = 48h;
constexpr Duration kEndless = 35 * 24h;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string text(NanoDollars amount) { return std::to_string(amount.value); }

NanoDollars money(const redis::Reply& reply, std::size_t index) {
  const redis::Reply* item = reply.at(index);
  return {item == nullptr ? 0 : item->number().value_or(0)};
}

}  // namespace

Purse::Purse(budgets::Account account, const std::string& prefix, const Spending& spending,
             TimePoint settled, TimePoint now)
    : account_(std::move(account)),
      slot_(*account_.slot),
      key_(prefix + ":budget:" + account_.name),
      spending_(spending),
      not_ours_(spending.one_ledger ? account_.restored : NanoDollars{}),
      measured_(now),
      used_(now),
      settled_(settled) {}

void Purse::called(TimePoint now) {
  slot_.watch(true);
  measured_ = used_ = now;
}

bool Purse::measure(TimePoint now) {
  if (slot_.period() != account_.period) return false;
  const NanoDollars wanted = slot_.wanted();
  const NanoDollars before = spent_;
  const bool in_flight = held_ != spent_;
  spent_ = slot_.spent();
  held_ = slot_.held();
  const double passed = std::max(seconds(now - measured_), 1e-3);
  measured_ = now;
  rate_ += (static_cast<double>((spent_ - before).value) / passed - rate_) *
           -std::expm1(-passed / kSmooth);
  if (wanted.value != 0) need_ = wanted;
  if (wanted.value != 0 || spent_ != before || in_flight || held_ != spent_) used_ = now;
  return true;
}

// Twice what a request needs, and what is spent until the next round: but no more than a part of
// what is left, and only what is needed where others lack it.
NanoDollars Purse::target(int gateways) const {
  if (others_want_) return need_;
  const NanoDollars left = slot_.limit() - ours(spent_) - elsewhere_;
  const NanoDollars most{std::max<std::int64_t>(left.value, 0) / (2 * gateways)};
  const NanoDollars wanted =
      need_ + need_ + (held_ - spent_) + NanoDollars{static_cast<std::int64_t>(rate_ * kAhead)};
  return std::max(need_, std::min(wanted, most));
}

NanoDollars Purse::lease() const {
  return std::max(std::max(slot_.allowance(), held_) - spent_, NanoDollars{});
}

bool Purse::ask(redis::Commands& commands, const std::string& gateway,
                const std::string& gateways_key, int gateways, bool leaving, TimePoint now,
                WallTime wall) {
  const bool unused = leaving || idle(now);
  if (now >= dry_until_) slot_.set_dry(false);
  const NanoDollars target = unused ? NanoDollars{} : this->target(gateways);
  NanoDollars free = std::max(slot_.allowance() - held_, NanoDollars{});
  bool returns = false;
  // Our share of an outage stays until the others have said what they spent of theirs.
  if (now >= settled_ || leaving) {
    has_share_ = false;
    // What is too little for a request may be enough elsewhere.
    const bool useless = now < dry_until_ && free < need_;
    if (free.value > 0 && (unused || useless || free > target + target)) {
      free = slot_.lower(useless ? held_ : held_ + target) - held_;
      returns = true;
    }
  }
  asked_ = {};
  if (!unused && (free < need_ || free.value * 10 < target.value * 6)) asked_ = target - free;
  if (now < dry_until_) asked_ = {};
  // The server may not know yet what the others spent: until then no more than a fair share.
  if (now < settled_) {
    const NanoDollars left = slot_.limit() - ours(spent_) - elsewhere_;
    const NanoDollars share = NanoDollars{left.value / gateways} - lease();
    asked_ = std::clamp(asked_, NanoDollars{}, std::max(share, NanoDollars{}));
  }
  const bool renews = now - asked_at_ > kRenew;
  // What the process before had said is asked for first.
  const NanoDollars ours = this->ours(known_ ? spent_ : account_.restored);
  const bool news = returns || gave_up_ || report_ || renews;
  if (asked_.value == 0 && !news && known_ && said_ == ours) return false;
  gave_up_ = false;
  said_ = ours;
  asked_at_ = now;
  // What was spent but is not said yet counts as a lease.
  const NanoDollars lease = this->lease() + (this->ours(spent_) - ours);
  const Duration keep = account_.end == WallTime::max()
                            ? kEndless
                            : std::max<Duration>(account_.end - wall, 0s) + kAfterwards;
  std::vector<std::string> words{gateway,
                                 spending_.id,
                                 text(ours),
                                 text(lease),
                                 text(asked_),
                                 text(std::min(std::max(need_ - free, NanoDollars{}), asked_)),
                                 text(slot_.limit()),
                                 std::to_string(keep / 1ms),
                                 text(not_ours_),
                                 text(lost_),
                                 known_ ? "0" : "1"};
  if (report_) {
    for (const auto& [who, spent] : others_) {
      words.push_back(who);
      words.push_back(text(spent));
    }
  }
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  const std::array<std::string_view, 2> keys{key_, gateways_key};
  commands.call(purse_script(), keys, arguments);
  return true;
}

void Purse::hear(const redis::Reply& reply, TimePoint now) {
  const NanoDollars granted = money(reply, 0);
  const NanoDollars left = money(reply, 1);
  others_want_ = money(reply, 2).value > 0 && left.value <= 0;
  if (!known_) {
    lost_ = money(reply, 3);
    said_ = said_ + lost_;
  }
  std::size_t known = 0;
  for (std::size_t i = 4; i + 1 < reply.items.size(); i += 2) {
    const std::string& who = reply.items[i].text;
    const NanoDollars spent = money(reply, i + 1);
    if (who == spending_.id) {
      // A server that lost its memory hears from the others what we had said before a kill.
      lost_ = lost_ + std::max(spent - said_, NanoDollars{});
    } else {
      NanoDollars& before = others_[who];
      before = std::max(before, spent);
      ++known;
    }
  }
  // Somebody emptied it while we were connected.
  report_ = known < others_.size();
  known_ = true;
  elsewhere_ = {};
  for (const auto& [who, spent] : others_) elsewhere_ = elsewhere_ + spent;
  // To the slot, what the ledger has of others is its own, and what our ledger forgot is not.
  slot_.hear(elsewhere_ + lost_ - not_ours_);
  if (granted < asked_) {
    dry_until_ = now + kAskAgain;
    slot_.set_dry(true);
  }
  NanoDollars allowance = std::max(slot_.allowance(), held_);
  // More is leased than there is, as shares of an outage are: what nobody holds goes back.
  if (left.value < 0 && allowance > held_) {
    allowance = slot_.lower(std::max(held_, allowance + left));
    gave_up_ = true;
  }
  slot_.allow(allowance + granted);
  asked_ = {};
}

bool Purse::over(TimePoint now) {
  if (!idle(now) || alone_ || report_ || !known_) return false;
  if (held_ != spent_ || slot_.allowance() > held_ || said_ != ours(spent_)) return false;
  slot_.watch(false);
  if (slot_.held() == held_ && slot_.spent() == spent_) return true;
  slot_.watch(true);
  return false;
}

bool Purse::ended(WallTime wall) const {
  return account_.end != WallTime::max() && account_.end + kRest < wall;
}

bool Purse::forgotten(WallTime wall) const {
  return account_.end != WallTime::max() && account_.end + kAfterwards < wall;
}

void Purse::alone(int gateways) {
  slot_.set_dry(false);
  if (std::exchange(alone_, true)) return;
  asked_ = {};
  // The last outage is not settled: it goes on with what that gave.
  if (std::exchange(has_share_, true)) return;
  // Of what was left when the server was last asked, all together have no more than all of it. Of a
  // budget that nobody could ask for, a share of the whole.
  const NanoDollars limit = slot_.limit();
  const NanoDollars left{
      std::max<std::int64_t>((limit - std::max(said_, NanoDollars{}) - elsewhere_).value, 0)};
  NanoDollars allowance;
  if (known_) {
    allowance = said_ - lost_ + not_ours_ + NanoDollars{left.value / gateways};
  } else if (spending_.one_ledger) {
    allowance = not_ours_ + NanoDollars{(limit - not_ours_).value / gateways};
  } else {
    allowance = {limit.value / gateways};
  }
  slot_.allow(allowance);
}

void Purse::joined(TimePoint settled) {
  settled_ = settled;
  alone_ = false;
  report_ = true;
}

void Purse::steady() {
  if (!has_share_) settled_ = {};
}

}  // namespace tidegate::sharing
