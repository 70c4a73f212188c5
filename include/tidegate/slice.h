// Slice: what one process may take of a bound that it shares with others. A Lender keeps it filled
// with what all may have together, ahead of the demand, so that a decision stays a matter of this
// process alone: one compare-and-swap, as with a bucket of its own.
//
//   sum of what all took <= what the lenders' source gave out
//
// Taken from by any thread; refilled by the lender's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "tidegate/token_bucket.h"
#include "tidegate/waiting_line.h"

namespace tidegate {

class Slice;

// Fills slices from where the bounds are kept.
class Lender {
 public:
  virtual ~Lender() = default;
  // A slice that rested is used again, or one has too little. Any thread, under no lock, at most
  // once until the slice was heard(); must not block.
  virtual void called(std::shared_ptr<Slice> slice) = 0;
};

class Slice : public std::enable_shared_from_this<Slice> {
 public:
  // Who may wait is never sent away before the lender had this long to answer.
  static constexpr Duration kPatience = 300ms;

  struct Terms {
    std::string name;     // of the bound, alike in all processes that share it
    double rate = 0;      // tokens per second that come back by themselves; 0: each is brought back
    Tokens capacity = 0;  // of all processes together
  };
  // The lender must outlive it. `line`: of those who wait for it, until close().
  Slice(Terms terms, Lender& lender, WaitingLine& line);

  // As those of TokenBucket.
  Admission take(Tokens n, TimePoint now);
  void charge(Tokens n);
  void refund(Tokens n);
  [[nodiscard]] Tokens capacity() const { return terms_.capacity; }
  [[nodiscard]] Admission outlook(Tokens n, TimePoint now) const;  // as take(), but takes nothing
  [[nodiscard]] Tokens available() const;  // here, and at the source when it last said
  [[nodiscard]] Duration until_full() const;

  // The limiter goes away; nobody waits any more.
  void close();

  // For the lender's thread alone.
  [[nodiscard]] const Terms& terms() const { return terms_; }
  struct Demand {
    Tokens held = 0;     // negative: a debt
    Tokens taken = 0;    // since the last look
    Tokens wanted = 0;   // by those who did not get it
    Tokens largest = 0;  // of one of those
    std::uint32_t takes = 0;
    bool closed = false;
  };
  [[nodiscard]] Demand look();
  void heard() { called_.store(false); }
  // More to take; `left` is what the source has still.
  void grant(Tokens n, Tokens left);
  // Takes what it holds above `keep` out of it.
  [[nodiscard]] Tokens give_back(Tokens keep);
  // The source has no more before `at`.
  void empty_until(TimePoint at);
  // The lender looks away until it is called. False: something was taken meanwhile.
  [[nodiscard]] bool rest();
  [[nodiscard]] std::size_t waiting();
  // Lets the first in line look again.
  void wake();

 private:
  void call();
  bool try_take(Tokens n);

  std::atomic<Tokens> held_{0};
  // Estimates for the lender; what two threads count at once may be lost.
  std::atomic<Tokens> taken_{0};
  std::atomic<std::uint32_t> takes_{0};
  std::atomic<bool> watched_{false};
  std::atomic<bool> called_{false};
  std::atomic<Tokens> wanted_{0}, largest_{0};
  std::atomic<std::int64_t> empty_until_{0};
  std::atomic<Tokens> left_;
  Lender& lender_;
  const Terms terms_;
  std::mutex line_mutex_;  // between the lender, who wakes, and the limiter, which may go
  WaitingLine* line_;
};

}  // namespace tidegate
