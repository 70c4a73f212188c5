#include "tidegate/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "limits/daily_cost.h"

namespace tidegate {
namespace {

constexpr double kMinute = 60;
constexpr double kDay = 86'400;

bool counts_requests(Bound bound) {
  return bound == Bound::requests_per_second || bound == Bound::requests_per_minute;
}

Result<void> check(Bound bound, double amount, double burst) {
  const std::string field(name(bound));
  if (!(amount > 0) || !std::isfinite(amount)) {
    return fail(ErrorCode::invalid, field + " is not a number above zero", field);
  }
  if (!(burst > 0) || !std::isfinite(burst)) {
    return fail(ErrorCode::invalid, "burst is not a number above zero", "burst");
  }
  if (amount * burst > static_cast<double>(TokenBucket::kMaxCapacity)) {
    return fail(ErrorCode::invalid,
                field + " times burst is above " + std::to_string(TokenBucket::kMaxCapacity),
                field);
  }
  return {};
}

// Estimates and usage come from outside: neither a negative nor an absurd number may pass.
Demand within_bounds(const Demand& demand) {
  return {.input = std::clamp<Tokens>(demand.input, 0, TokenBucket::kMaxCapacity),
          .output = std::clamp<Tokens>(demand.output, 0, TokenBucket::kMaxCapacity),
          .cost = {std::max<std::int64_t>(demand.cost.value, 0)}};
}

}  // namespace

RateLimiter::RateLimiter(const RateLimits& limits, const Clock& clock, std::size_t max_waiting)
    : limits_(limits),
      clock_(clock),
      max_concurrent_(limits.max_concurrent.value_or(0)),
      line_(max_waiting) {}

Result<std::unique_ptr<RateLimiter>> RateLimiter::create(const RateLimits& limits,
                                                         const Clock& clock,
                                                         std::size_t max_waiting) {
  std::unique_ptr<RateLimiter> limiter(new RateLimiter(limits, clock, max_waiting));
  struct Line {
    Bound bound;
    std::optional<double> amount;
    double seconds;
  };
  for (const Line& line : {Line{Bound::requests_per_second, limits.requests_per_second, 1},
                           Line{Bound::requests_per_minute, limits.requests_per_minute, kMinute},
                           Line{Bound::tokens_per_minute, limits.tokens_per_minute, kMinute},
                           Line{Bound::tokens_per_day, limits.tokens_per_day, kDay}}) {
    if (!line.amount) continue;
    Result<void> added = limiter->add(line.bound, *line.amount, line.seconds);
    if (!added) return std::unexpected(std::move(added.error()));
  }
  if (limits.cost_per_day) {
    if (limits.cost_per_day->value <= 0) {
      return fail(ErrorCode::invalid, "cost_per_day is not above zero", "cost_per_day");
    }
    limiter->cost_ = std::make_unique<DailyCost>(*limits.cost_per_day);
  }
  if (limits.max_concurrent && *limits.max_concurrent < 1) {
    return fail(ErrorCode::invalid, "max_concurrent is not above zero", "max_concurrent");
  }
  return limiter;
}

Result<void> RateLimiter::add(Bound bound, double amount, double seconds) {
  Result<void> checked = check(bound, amount, limits_.burst);
  if (!checked) return checked;
  const auto capacity = std::max<Tokens>(1, std::llround(amount * limits_.burst));
  Result<TokenBucket> bucket = TokenBucket::create(amount / seconds, capacity);
  if (!bucket) return fail(ErrorCode::invalid, bucket.error().message, std::string(name(bound)));
  parts_.push_back({bound, counts_requests(bound), std::move(*bucket), amount / seconds, nullptr});
  return {};
}

RateLimiter::~RateLimiter() {
  for (const Part& part : parts_) {
    if (part.slice) part.slice->close();
  }
  if (slots_) slots_->close();
}

void RateLimiter::share(Lender& lender, std::string_view shared_name) {
  const auto terms = [&](Bound bound, double rate, Tokens capacity) {
    return Slice::Terms{std::string(shared_name) + ":" + std::string(tidegate::name(bound)), rate,
                        capacity};
  };
  for (Part& part : parts_) {
    part.slice = std::make_shared<Slice>(terms(part.bound, part.rate, part.bucket.capacity()),
                                         lender, line_);
  }
  if (!limits_.max_concurrent) return;
  slots_ = std::make_shared<Slice>(terms(Bound::max_concurrent, 0, *limits_.max_concurrent), lender,
                                   line_);
}

Admission RateLimiter::Part::outlook(Tokens n, TimePoint now) const {
  return slice ? slice->outlook(n, now) : Admission{.wait = bucket.wait_for(n, now)};
}

Duration RateLimiter::Part::until_full(TimePoint now) const {
  return slice ? slice->until_full() : bucket.until_full(now);
}

std::optional<Refusal> RateLimiter::take_slot(TimePoint now) {
  if (slots_) {
    const Admission admission = slots_->take(1, now);
    if (!admission.admitted) {
      return Refusal{.bound = Bound::max_concurrent,
                     .asked = 1,
                     .most = slots_->capacity(),
                     .pending = admission.pending,
                     .retry_after = admission.wait};
    }
    in_use_.fetch_add(1);
    return std::nullopt;
  }
  const std::int64_t most = max_concurrent_.load();
  std::int64_t used = in_use_.load();
  do {
    if (used >= most) return Refusal{.bound = Bound::max_concurrent, .asked = 1, .most = most};
  } while (!in_use_.compare_exchange_weak(used, used + 1));
  return std::nullopt;
}

void RateLimiter::give_slot_back() {
  in_use_.fetch_sub(1);
  if (slots_) slots_->refund(1);
}

std::optional<Refusal> RateLimiter::take(const Demand& demand, TimePoint now, bool first_in_line) {
  if (limits_.max_concurrent) {
    if (std::optional<Refusal> refusal = take_slot(now)) return refusal;
  }
  const Tokens tokens = tokens_of(demand);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    const std::int64_t asked = part.amount(tokens);
    const bool never = asked > part.bucket.capacity();
    const Admission admission = never ? Admission{} : part.take(asked, now);
    if (admission.admitted) continue;
    give_back(demand, i);
    if (limits_.max_concurrent) give_slot_back();
    // Somebody may have looked while it was taken. The first in line would only wake itself.
    if (!first_in_line) line_.look_again();
    return Refusal{.bound = part.bound,
                   .never = never,
                   .asked = asked,
                   .most = part.bucket.capacity(),
                   .pending = admission.pending,
                   .retry_after = admission.wait};
  }
  if (cost_ != nullptr) {
    const std::int64_t asked = demand.cost.value;
    const bool never = asked > cost_->limit();
    const Admission admission = never ? Admission{} : cost_->take(asked, now);
    if (!admission.admitted) {
      give_back(demand, parts_.size());
      if (limits_.max_concurrent) give_slot_back();
      if (!first_in_line) line_.look_again();
      return Refusal{.bound = Bound::cost_per_day,
                     .never = never,
                     .asked = asked,
                     .most = cost_->limit(),
                     .retry_after = admission.wait};
    }
  }
  return std::nullopt;
}

Refusal RateLimiter::behind_others(const Demand& demand, TimePoint now) const {
  Refusal longest{.bound = parts_.empty() ? Bound::max_concurrent : parts_.front().bound};
  if (slots_) longest.pending = slots_->outlook(1, now).pending;
  const Tokens tokens = tokens_of(demand);
  for (const Part& part : parts_) {
    const std::int64_t asked = part.amount(tokens);
    const bool never = asked > part.bucket.capacity();
    const Admission outlook = never ? Admission{} : part.outlook(asked, now);
    const bool pending = longest.pending || outlook.pending;
    if (!never && outlook.wait <= longest.retry_after) {
      longest.pending = pending;
      continue;
    }
    longest = {.bound = part.bound,
               .never = never,
               .asked = asked,
               .most = part.bucket.capacity(),
               .pending = pending,
               .retry_after = outlook.wait};
    if (never) return longest;
  }
  if (cost_ != nullptr) {
    const std::int64_t asked = demand.cost.value;
    const bool never = asked > cost_->limit();
    const Duration wait = never ? Duration{} : cost_->wait_for(asked, now);
    if (never || wait > longest.retry_after) {
      longest = {.bound = Bound::cost_per_day,
                 .never = never,
                 .asked = asked,
                 .most = cost_->limit(),
                 .retry_after = wait};
    }
  }
  return longest;
}

void RateLimiter::give_back(const Demand& demand, std::size_t parts) {
  const Tokens tokens = tokens_of(demand);
  for (Part& part : std::span(parts_).first(parts)) part.refund(part.amount(tokens));
}

void RateLimiter::settle(const Demand& reserved, const Demand& real, TimePoint taken,
                         TimePoint now) {
  if (cost_ != nullptr) cost_->settle(reserved.cost.value, real.cost.value, taken, now);
  const Tokens more = tokens_of(real) - tokens_of(reserved);
  if (more == 0) return;
  for (Part& part : parts_) {
    if (part.of_requests) continue;
    more > 0 ? part.charge(more, now) : part.refund(-more);
  }
}

void RateLimiter::cancel(const Demand& reserved, TimePoint taken) {
  give_back(reserved, parts_.size());
  if (cost_ != nullptr) cost_->settle(reserved.cost.value, 0, taken, clock_.now());
  release();
}

void RateLimiter::set_max_concurrent(std::int64_t most) {
  max_concurrent_.store(most);
  line_.look_again();
}

void RateLimiter::release() {
  if (limits_.max_concurrent) give_slot_back();
  line_.look_again();
}

std::optional<Standing> RateLimiter::requests_standing(TimePoint now) const {
  TightestBounds bounds(now);
  bounds.look_at(*this);
  return bounds.requests();
}
std::optional<Standing> RateLimiter::tokens_standing(TimePoint now) const {
  TightestBounds bounds(now);
  bounds.look_at(*this);
  return bounds.tokens();
}

void TightestBounds::look_at(const RateLimiter& limiter) {
  const auto real = [](std::int64_t number) { return static_cast<double>(number); };
  for (const RateLimiter::Part& part : limiter.parts_) {
    Least& least = part.of_requests ? requests_ : tokens_;
    const std::int64_t limit = part.bucket.capacity(), remaining = part.remaining(now_);
    // The share that remains is smaller, without a division.
    if (least.part == nullptr ||
        real(remaining) * real(least.limit) < real(least.remaining) * real(limit)) {
      least = {&part, limit, remaining};
    }
  }
}

std::optional<Standing> TightestBounds::standing(const Least& least) const {
  if (least.part == nullptr) return std::nullopt;
  return Standing{least.limit, least.remaining, least.part->until_full(now_)};
}

std::expected<Reservation, Refusal> RateLimiter::try_acquire(const Demand& demand,
                                                             Priority priority) {
  RateLimiter* const self = this;
  return acquire_all({&self, 1}, demand, clock_.now(), priority);
}

std::expected<Reservation, Refusal> acquire_all(std::span<RateLimiter* const> limiters,
                                                const Demand& demand, TimePoint now,
                                                Priority priority, const RateLimiter* ahead) {
  Reservation reservation;
  reservation.reserved_ = within_bounds(demand);
  reservation.taken_ = now;
  for (RateLimiter* limiter : limiters) {
    const bool waits = limiter != ahead && !limiter->line_.is_free_for(priority);
    std::optional<Refusal> refusal =
        waits ? limiter->behind_others(reservation.reserved_, now)
              : limiter->take(reservation.reserved_, now, limiter == ahead);
    if (refusal) {
      refusal->limiter = reservation.count_;
      return std::unexpected(*refusal);  // and what was taken goes back
    }
    reservation.limiters_[reservation.count_++] = limiter;
  }
  return reservation;
}

Reservation::Reservation(Reservation&& other) noexcept
    : count_(std::exchange(other.count_, 0)), reserved_(other.reserved_), taken_(other.taken_) {
  std::copy_n(other.limiters_.begin(), count_, limiters_.begin());
}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  count_ = std::exchange(other.count_, 0);
  std::copy_n(other.limiters_.begin(), count_, limiters_.begin());
  reserved_ = other.reserved_;
  taken_ = other.taken_;
  return *this;
}

void Reservation::settle(const Demand& real) {
  if (count_ == 0) return;
  const TimePoint now = limiters_[0]->clock_.now();
  const Demand used = within_bounds(real);
  for (RateLimiter* limiter : std::span(limiters_).first(std::exchange(count_, 0))) {
    limiter->settle(reserved_, used, taken_, now);
    limiter->release();
  }
}

void Reservation::give_back() {
  for (RateLimiter* limiter : std::span(limiters_).first(std::exchange(count_, 0))) {
    limiter->cancel(reserved_, taken_);
  }
}

}  // namespace tidegate
