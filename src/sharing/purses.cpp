#include "sharing/purses.h"

#include <algorithm>
#include <utility>

namespace tidegate::sharing {
namespace {

// While nobody waits for more, what was spent is said so often.
constexpr Duration kLook = 200ms;
constexpr Duration kShortestGap = 20ms;

}  // namespace

Purses::Purses(std::string prefix, Spending spending, Link& link, const Membership& members,
               const Clock& clock)
    : prefix_(std::move(prefix)),
      spending_(std::move(spending)),
      link_(link),
      members_(members),
      clock_(clock) {
  if (spending_.id.empty()) spending_.id = members_.id();
}

void Purses::called(budgets::Account account) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(account));
  }
  any_calls_.store(true);
  link_.wake();
}

void Purses::take_calls(TimePoint now) {
  if (!any_calls_.exchange(false)) return;
  std::vector<budgets::Account> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (budgets::Account& account : calls) {
    budgets::Counter::Slot* const slot = account.slot.get();
    slot->heard();
    auto known = purses_.find(slot);
    if (known != purses_.end() && known->second.account().period != account.period) {
      purses_.erase(known);
      std::erase(active_, slot);
      known = purses_.end();
    }
    if (!slot->watched()) active_.push_back(slot);
    if (known == purses_.end()) {
      known =
          purses_.try_emplace(slot, std::move(account), prefix_, spending_, settled_, now).first;
    }
    known->second.called(now);
    urgent_ = true;
  }
}

TimePoint Purses::due(TimePoint now) {
  take_calls(now);
  // Where all are idle, the rounds in which gateways say that they live will do.
  if (!urgent_ && !busy_) return TimePoint::max();
  return last_round_ + (urgent_ ? kShortestGap : kLook);
}

void Purses::ask(redis::Commands& commands, TimePoint now) {
  take_calls(now);
  urgent_ = busy_ = false;
  last_round_ = now;
  asked_.clear();
  const WallTime wall = clock_.wall();
  std::erase_if(active_, [&](budgets::Counter::Slot* slot) {
    Purse& purse = purses_.at(slot);
    // Those who come last are the first in the next round.
    if (asked_.size() == kMostAtOnce) {
      urgent_ = true;
      return false;
    }
    if (!purse.measure(now)) {
      purses_.erase(slot);
      return true;
    }
    if (members_.steady()) purse.steady();
    if (purse.ask(commands, members_.id(), members_.key(), members_.gateways(), leaving_, now,
                  wall)) {
      asked_.push_back(slot);
    } else if ((purse.ended(wall) || active_.size() > kMostWatched) && purse.over(now)) {
      if (purse.forgotten(wall)) purses_.erase(slot);
      return true;
    }
    busy_ = busy_ || !purse.idle(now);
    return false;
  });
  if (urgent_)
    std::ranges::rotate(active_, active_.begin() + static_cast<std::ptrdiff_t>(active_.size() / 2));
}

void Purses::hear(std::span<const redis::Reply> replies, TimePoint now) {
  for (std::size_t i = 0; i < asked_.size(); ++i) purses_.at(asked_[i]).hear(replies[i], now);
  asked_.clear();
}

void Purses::lost(TimePoint now) {
  asked_.clear();
  alone(now);
}

// A server that lost its memory learns from all of us what was spent: also of what rests.
void Purses::joined(TimePoint now) {
  away_since_.reset();
  settled_ = now + Purse::kSettle;
  const WallTime wall = clock_.wall();
  std::erase_if(purses_, [&](const auto& known) {
    return !known.first->watched() && known.second.forgotten(wall);
  });
  active_.clear();
  for (auto& [slot, purse] : purses_) {
    purse.joined(settled_);
    if (!slot->watched()) purse.called(now);
    active_.push_back(slot);
  }
  busy_ = true;
  last_round_ = {};
}

void Purses::alone(TimePoint now) {
  take_calls(now);
  if (now - away_since_.value_or(now) < Purse::kGrace) {
    if (!away_since_) away_since_ = now;
    return;
  }
  std::erase_if(active_, [&](budgets::Counter::Slot* slot) {
    Purse& purse = purses_.at(slot);
    if (purse.measure(now)) {
      purse.alone(members_.gateways());
      return false;
    }
    purses_.erase(slot);
    return true;
  });
}

}  // namespace tidegate::sharing
