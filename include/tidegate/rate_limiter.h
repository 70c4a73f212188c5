// RateLimiter: requests, tokens, money and concurrency, bounded together: a request passes all
// bounds or takes nothing. Reservation: what it took.
//
//   auto limiter = RateLimiter::create({.requests_per_second = 10, .tokens_per_minute = 1e6},
//   clock); auto reservation = (*limiter)->try_acquire({.input = 1200, .output = 800}); if
//   (!reservation) return retry_in(reservation.error().retry_after);
//   ...
//   reservation->settle({.input = 1180, .output = 212});
//
// A decision takes no lock and allocates nothing. Thread-safe. Those who can wait: acquire.h.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tidegate/clock.h"
#include "tidegate/rate_limits.h"
#include "tidegate/slice.h"
#include "tidegate/token_bucket.h"
#include "tidegate/waiting_line.h"

namespace tidegate {

class DailyCost;
class RateLimiter;
class TightestBounds;

inline constexpr std::size_t kMaxNested = 8;

// Settled once, by settle() or, in full, by being dropped. The limiters must outlive it.
class [[nodiscard]] Reservation {
 public:
  Reservation() {}  // of nothing; limiters_ stays as it is
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { cancel(); }

  // The request was made and took `real`: gives back what was reserved beyond it, or takes the
  // rest, even if that is a debt.
  void settle(const Demand& real);
  // The request was not made.
  void cancel() {
    if (count_ != 0) give_back();
  }

  [[nodiscard]] const Demand& reserved() const { return reserved_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  friend std::expected<Reservation, Refusal> acquire_all(std::span<RateLimiter* const>,
                                                         const Demand&, TimePoint, Priority,
                                                         const RateLimiter*);
  void give_back();

  std::array<RateLimiter*, kMaxNested> limiters_;
  std::size_t count_ = 0;
  Demand reserved_;
  TimePoint taken_{};
};

class RateLimiter {
 public:
  // Refuses rates that are not above zero, not finite or too large, and bounds that allow nothing;
  // the error's field names the bound. `clock` must outlive the limiter.
  static Result<std::unique_ptr<RateLimiter>> create(const RateLimits& limits, const Clock& clock,
                                                     std::size_t max_waiting = 1000);
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // From now on the bounds are those of all processes whose limiters have this name: what may be
  // taken here is what `lender`, which must outlive the limiter, has fetched. Only before the
  // limiter is used.
  void share(Lender& lender, std::string_view name);

  // Now or not at all. It overtakes nobody who waits.
  std::expected<Reservation, Refusal> try_acquire(const Demand& demand,
                                                  Priority priority = Priority::interactive);

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] WaitingLine& line() { return line_; }
  // For those who find the bound out as they go. At least 1, and max_concurrent must be among the
  // limits. Requests that run already go on.
  void set_max_concurrent(std::int64_t most);
  [[nodiscard]] std::int64_t in_use() const { return in_use_.load(); }
  // Of the tightest bound of requests, or of tokens; absent: there is none.
  [[nodiscard]] std::optional<Standing> requests_standing(TimePoint now) const;
  [[nodiscard]] std::optional<Standing> tokens_standing(TimePoint now) const;

 private:
  friend class Reservation;
  friend class TightestBounds;
  friend std::expected<Reservation, Refusal> acquire_all(std::span<RateLimiter* const>,
                                                         const Demand&, TimePoint, Priority,
                                                         const RateLimiter*);
  struct Part {
    Bound bound;
    bool of_requests;  // else of tokens
    TokenBucket bucket;
    double rate;                   // tokens per second
    std::shared_ptr<Slice> slice;  // null: the bound is not shared, and the bucket decides

    Admission take(Tokens n, TimePoint now) {
      return slice ? slice->take(n, now) : bucket.take(n, now);
    }
    void charge(Tokens n, TimePoint now) { slice ? slice->charge(n) : bucket.charge(n, now); }
    void refund(Tokens n) { slice ? slice->refund(n) : bucket.refund(n); }
    [[nodiscard]] Admission outlook(Tokens n, TimePoint now) const;
    [[nodiscard]] Tokens remaining(TimePoint now) const {
      return slice ? slice->available() : std::max<Tokens>(bucket.available(now), 0);
    }
    [[nodiscard]] Duration until_full(TimePoint now) const;
    // Of a request with so many tokens.
    [[nodiscard]] std::int64_t amount(Tokens tokens) const { return of_requests ? 1 : tokens; }
  };
  RateLimiter(const RateLimits& limits, const Clock& clock, std::size_t max_waiting);

  Result<void> add(Bound bound, double amount, double seconds);
  // What bounds of tokens count of it.
  [[nodiscard]] Tokens tokens_of(const Demand& demand) const {
    return (limits_.counted == Counted::output ? 0 : demand.input) +
           (limits_.counted == Counted::input ? 0 : demand.output);
  }

  std::optional<Refusal> take(const Demand& demand, TimePoint now, bool first_in_line);
  std::optional<Refusal> take_slot(TimePoint now);
  void give_slot_back();
  // The refusal of one who would have to overtake those who wait.
  [[nodiscard]] Refusal behind_others(const Demand& demand, TimePoint now) const;
  void give_back(const Demand& demand, std::size_t parts);
  void settle(const Demand& reserved, const Demand& real, TimePoint taken, TimePoint now);
  void cancel(const Demand& reserved, TimePoint taken);
  void release();

  const RateLimits limits_;
  const Clock& clock_;
  std::vector<Part> parts_;
  std::unique_ptr<DailyCost> cost_;  // null: money is not limited
  std::atomic<std::int64_t> max_concurrent_;
  std::atomic<std::int64_t> in_use_{0};
  std::shared_ptr<Slice> slots_;  // null: max_concurrent is not shared
  WaitingLine line_;
};

// The tightest bound of requests, and that of tokens, of the limiters that it has looked at, which
// must outlive it. One thread.
class TightestBounds {
 public:
  explicit TightestBounds(TimePoint now) : now_(now) {}
  void look_at(const RateLimiter& limiter);
  // Absent: there is none.
  [[nodiscard]] std::optional<Standing> requests() const { return standing(requests_); }
  [[nodiscard]] std::optional<Standing> tokens() const { return standing(tokens_); }

 private:
  struct Least {
    const RateLimiter::Part* part = nullptr;
    std::int64_t limit = 0, remaining = 0;
  };
  [[nodiscard]] std::optional<Standing> standing(const Least& least) const;

  const TimePoint now_;
  Least requests_, tokens_;
};

// One request through several limiters, outermost first: all admit it, or none is charged. At most
// kMaxNested. `ahead`: the limiter whose line the caller is the first of.
std::expected<Reservation, Refusal> acquire_all(std::span<RateLimiter* const> limiters,
                                                const Demand& demand, TimePoint now,
                                                Priority priority = Priority::interactive,
                                                const RateLimiter* ahead = nullptr);

}  // namespace tidegate
