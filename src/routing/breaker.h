// Circuit breaker of one provider and model: after N provider faults in a row nobody asks it for a
// while, then a single probe decides. Shared by all workers; one 64-bit atomic, no lock.
//
// There is no failure ratio beside the count: at 50 % faults, five in a row come within about 60
// requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>

#include "base/time.h"
#include "config/config.h"

namespace tidegate::routing {

enum class BreakerState : std::uint8_t { closed, open, half_open };

struct BreakerAdmission {
  bool allowed = true;
  bool probe = false;       // this attempt alone decides whether the breaker closes
  Duration retry_after{0};  // when not allowed
};

class Breaker {
 public:
  // Each doubling of the open time up to 2^3.
  static constexpr int kMaxDoublings = 3;
  // After this a probe that never reported counts as lost, and another one is let through.
  static constexpr Duration kProbeLease = 10min;

  explicit Breaker(const config::Breaker& settings);

  [[nodiscard]] BreakerAdmission admit(TimePoint now);

  // Exactly one of these ends each allowed admission. Outcomes of attempts that began before the
  // breaker opened change nothing once it is open.
  void succeeded(const BreakerAdmission& admission);
  // The provider's fault. Gives for how long the breaker is open if this opened it, else zero.
  Duration failed(const BreakerAdmission& admission, TimePoint now);
  // Not the provider's fault (bad request, bad key, rate limit) or the client has gone.
  void ignored(const BreakerAdmission& admission);

  // As somebody else found who asks the same provider; never shortens what we found ourselves.
  void open_until(TimePoint until);

  [[nodiscard]] BreakerState state() const;
  [[nodiscard]] int failures() const;  // in a row

 private:
  struct Word;  // the fields of word_
  std::atomic<std::uint64_t> word_{0};
  std::uint32_t failures_to_open_;
  std::uint64_t open_for_ms_;
};

// One breaker per (provider, model) pair of a table, each on a cache line of its own.
class Breakers {
 public:
  Breakers(std::size_t count, const config::Breaker& settings);
  [[nodiscard]] Breaker& operator[](std::size_t index) { return cells_[index].breaker; }
  [[nodiscard]] const Breaker& operator[](std::size_t index) const { return cells_[index].breaker; }
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

 private:
  struct alignas(64) Cell {
    explicit Cell(const config::Breaker& settings) : breaker(settings) {}
    Breaker breaker;
  };
  std::deque<Cell> cells_;  // a breaker does not move
};

}  // namespace tidegate::routing
