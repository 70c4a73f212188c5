#include "sharing/leases.h"

#include <algorithm>
#include <cmath>

namespace tidegate::sharing {
namespace {

constexpr Duration kShortestGap = 5ms;
constexpr Duration kLeastPacedGap = 20ms, kLongestGap = 200ms;
// While nobody waits for more, slices are looked at so often.
constexpr Duration kLook = 50ms;
// Below this many requests a second a round trip for each of them does no harm.
constexpr double kSlow = 25;

}  // namespace

Leases::Leases(std::string prefix, Link& link, const Membership& members)
    : prefix_(std::move(prefix)), link_(link), members_(members) {}

Leases::~Leases() {
  for (Call* call = calls_.exchange(nullptr); call != nullptr;) {
    Call* const next = call->next;
    delete call;
    call = next;
  }
}

void Leases::called(std::shared_ptr<Slice> slice) {
  Call* const call = new Call{std::move(slice), calls_.load()};
  while (!calls_.compare_exchange_weak(call->next, call)) continue;
  link_.wake();
}

void Leases::take_calls(TimePoint now) {
  for (Call* call = calls_.exchange(nullptr); call != nullptr;) {
    const std::unique_ptr<Call> taken(call);
    call = taken->next;
    Slice* const slice = taken->slice.get();
    slice->heard();
    if (auto rested = resting_.extract(slice)) {
      leases_.insert(std::move(rested));
    } else {
      leases_.try_emplace(slice, std::move(taken->slice), prefix_, now);
    }
    urgent_ = true;
  }
  open_.store(leases_.size(), std::memory_order_relaxed);
}

// How fast requests come decides how often is asked: seldom enough for the server, and often enough
// that a slice is small. Few requests are asked for as they come.
void Leases::pace(TimePoint now) {
  const double passed = std::chrono::duration<double>(now - paced_).count();
  if (passed < 0.1) return;
  paced_ = now;
  const double current = std::exchange(most_takes_, 0) / passed;
  requests_per_second_ += (current - requests_per_second_) * -std::expm1(-passed / 0.5);
  gap_ = kShortestGap;
  if (requests_per_second_ > kSlow) {
    const auto wanted =
        Duration{static_cast<std::int64_t>(kRequestsPerRound / requests_per_second_ * 1e9)};
    gap_ = std::max<Duration>(std::min(wanted, longest_gap_), kLeastPacedGap);
  }
}

TimePoint Leases::due(TimePoint now) {
  take_calls(now);
  if (leases_.empty()) return TimePoint::max();
  return last_round_ + (urgent_ ? gap_ : std::max<Duration>(gap_, kLook));
}

void Leases::ask(redis::Commands& commands, TimePoint now) {
  take_calls(now);
  urgent_ = false;
  last_round_ = now;
  asked_.clear();
  std::uint32_t takes = 0;
  longest_gap_ = kLongestGap;
  for (auto at = leases_.begin(); at != leases_.end();) {
    Lease& lease = at->second;
    takes = std::max(takes, lease.measure(now));
    longest_gap_ = std::min(longest_gap_, lease.longest_gap(members_.gateways()));
    if (lease.ask(commands, members_.id(), members_.key(), members_.gateways(), leaving_, now)) {
      asked_.push_back(&lease);
    } else if (lease.over(now)) {
      const auto done = at++;
      if (lease.worth_keeping(now)) {
        resting_.insert(leases_.extract(done));
      } else {
        leases_.erase(done);
      }
      continue;
    }
    ++at;
  }
  most_takes_ += takes;
  pace(now);
}

void Leases::hear(std::span<const redis::Reply> replies, TimePoint now) {
  for (std::size_t i = 0; i < asked_.size(); ++i) asked_[i]->hear(replies[i], gap_, now);
  asked_.clear();
}

void Leases::lost(TimePoint now) {
  for (Lease* lease : asked_) lease->lost();
  asked_.clear();
  for (auto& [slice, lease] : leases_) lease.begin_alone(members_.gateways(), now);
}

void Leases::joined(TimePoint now) {
  for (auto& [slice, lease] : leases_) lease.end_alone(members_.gateways(), now);
  last_round_ = {};
}

void Leases::alone(TimePoint now) {
  take_calls(now);
  for (auto& [slice, lease] : leases_) {
    lease.measure(now);
    lease.alone(members_.gateways(), now);
  }
}

}  // namespace tidegate::sharing
