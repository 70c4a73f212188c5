#include "tidegate/acquire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace tidegate {
namespace {

std::unique_ptr<RateLimiter> limiter(const RateLimits& limits, const Clock& clock,
                                     std::size_t max_waiting = 1000) {
  return std::move(*RateLimiter::create(limits, clock, max_waiting));
}

// Time stands still but for what the test does; work runs in the order of its time.
class FakeScheduler final : public Scheduler {
 public:
  explicit FakeScheduler(FakeClock& clock) : clock_(clock) {}
  void run_at(TimePoint at, std::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    work_.emplace(at, std::move(work));
  }
  TimePoint now() const override { return clock_.now(); }

  // Runs everything up to `by` from now; returns how many pieces of work that was.
  int advance(Duration by) {
    const TimePoint end = now() + by;
    int runs = 0;
    for (;; ++runs) {
      std::function<void()> next;
      {
        const std::lock_guard lock(mutex_);
        if (work_.empty() || work_.begin()->first > end) break;
        clock_.advance(std::max(Duration{}, work_.begin()->first - now()));
        next = std::move(work_.begin()->second);
        work_.erase(work_.begin());
      }
      next();
    }
    clock_.advance(end - now());
    return runs;
  }

 private:
  FakeClock& clock_;
  std::mutex mutex_;
  std::multimap<TimePoint, std::function<void()>> work_;
};

// A coroutine that nobody awaits: it waits for a limit, says who it was, and holds what it got.
struct Visitor {
  struct promise_type {
    Visitor get_return_object() {
      return Visitor{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  explicit Visitor(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Visitor(Visitor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Visitor() {
    if (handle_) handle_.destroy();
  }
  std::coroutine_handle<promise_type> handle_;
};

class AcquireTest : public testing::Test {
 protected:
  Visitor visit(int id, RateLimiter& limit, Tokens tokens, Duration patience,
                Priority priority = Priority::interactive) {
    RateLimiter* const nested[] = {&limit};
    Acquiring acquiring =
        acquire(nested, {.input = tokens}, clock_.now() + patience, scheduler_, priority);
    std::expected<Reservation, Refusal> got = co_await acquiring;
    if (got) {
      came_.push_back(id);
      held_[id] = std::move(*got);
    } else {
      refused_.push_back(id);
    }
  }

  // Owned here, since what visitors hold must end first.
  RateLimiter* limited(const RateLimits& limits, std::size_t max_waiting = 1000) {
    return limiters_.emplace_back(limiter(limits, clock_, max_waiting)).get();
  }

  FakeClock clock_;
  FakeScheduler scheduler_{clock_};
  std::vector<std::unique_ptr<RateLimiter>> limiters_;
  std::map<int, Reservation> held_;
  std::vector<int> came_, refused_;
};

using Ids = std::vector<int>;

TEST_F(AcquireTest, FirstComeFirstServed) {
  RateLimiter* const slow = limited({.tokens_per_minute = 60});  // one a second
  const Visitor a = visit(1, *slow, 60, 1h);
  EXPECT_EQ(came_, Ids{1});
  const Visitor b = visit(2, *slow, 30, 1h);
  const Visitor c = visit(3, *slow, 1, 1h);  // fits earlier, yet waits its turn
  const Visitor d = visit(4, *slow, 1, 1h);
  scheduler_.advance(29s);
  EXPECT_EQ(came_, Ids{1});
  EXPECT_FALSE(slow->try_acquire({.input = 1}));  // nor does one who cannot wait overtake
  scheduler_.advance(2001ms);
  EXPECT_EQ(came_, (Ids{1, 2, 3}));
  scheduler_.advance(2s);
  EXPECT_EQ(came_, (Ids{1, 2, 3, 4}));
  EXPECT_EQ(slow->line().length(), 0u);
}

TEST_F(AcquireTest, OnlyTheFirstIsWokenAndNobodyPolls) {
  RateLimiter* const slow = limited({.requests_per_minute = 1, .burst = 1});
  std::vector<Visitor> visitors;
  for (int id = 1; id <= 101; ++id) visitors.push_back(visit(id, *slow, 0, 3h));
  int runs = scheduler_.advance(100min + 1s);
  EXPECT_EQ(came_.size(), 101u);
  EXPECT_TRUE(std::ranges::is_sorted(came_));
  // Each is called when it becomes the first and when its time has come.
  EXPECT_LE(runs, 2 * 100);
}

TEST_F(AcquireTest, TheInteractiveGoBeforeTheBatch) {
  RateLimiter* const slow = limited({.requests_per_second = 1});
  const Visitor a = visit(1, *slow, 0, 1h);
  const Visitor b = visit(2, *slow, 0, 1h, Priority::batch);
  const Visitor c = visit(3, *slow, 0, 1h, Priority::batch);
  const Visitor d = visit(4, *slow, 0, 1h);
  scheduler_.advance(4s);
  EXPECT_EQ(came_, (Ids{1, 4, 2, 3}));
}

TEST_F(AcquireTest, GivesUpAtTheDeadlineAndLetsTheNextGo) {
  RateLimiter* const slow = limited({.tokens_per_minute = 60});
  const Visitor a = visit(1, *slow, 60, 1h);
  const Visitor b = visit(2, *slow, 50, 10s);  // would need 50 s
  const Visitor c = visit(3, *slow, 11, 1h);
  const Visitor d = visit(4, *slow, 61, 1h);  // never
  EXPECT_EQ(refused_, Ids{4});
  scheduler_.advance(10s);
  EXPECT_EQ(refused_, (Ids{4, 2}));
  scheduler_.advance(1001ms);
  EXPECT_EQ(came_, (Ids{1, 3}));
}

TEST_F(AcquireTest, ARefundBringsTheFirstForward) {
  RateLimiter* const slow = limited({.tokens_per_minute = 60, .max_concurrent = 10});
  const Visitor a = visit(1, *slow, 60, 1h);
  const Visitor b = visit(2, *slow, 50, 1h);
  held_[1].settle({.input = 5});
  scheduler_.advance(0s);
  EXPECT_EQ(came_, (Ids{1, 2}));
}

TEST_F(AcquireTest, AnEndingRequestLetsTheNextIn) {
  RateLimiter* const one = limited({.max_concurrent = 1});
  const Visitor a = visit(1, *one, 0, 1h);
  const Visitor b = visit(2, *one, 0, 1h);
  const Visitor c = visit(3, *one, 0, 1h);
  EXPECT_EQ(scheduler_.advance(30min), 0);
  held_.erase(1);
  scheduler_.advance(1s);
  EXPECT_EQ(came_, (Ids{1, 2}));
}

TEST_F(AcquireTest, ACoroutineThatIsDestroyedLeavesTheLine) {
  RateLimiter* const slow = limited({.requests_per_second = 1});
  const Visitor a = visit(1, *slow, 0, 1h);
  auto b = std::make_unique<Visitor>(visit(2, *slow, 0, 1h));
  const Visitor c = visit(3, *slow, 0, 1h);
  b.reset();
  scheduler_.advance(1001ms);
  EXPECT_EQ(came_, (Ids{1, 3}));
}

TEST_F(AcquireTest, TheLineHasAnEnd) {
  RateLimiter* const slow = limited({.requests_per_second = 1}, 1);
  const Visitor a = visit(1, *slow, 0, 1h);
  const Visitor b = visit(2, *slow, 0, 1h);
  const Visitor c = visit(3, *slow, 0, 1h);
  EXPECT_EQ(refused_, Ids{3});
  EXPECT_EQ(slow->line().length(), 1u);
}

TEST_F(AcquireTest, WaitsForTheLimitThatHoldsItUp) {
  RateLimiter* const outer = limited({.requests_per_second = 1});
  RateLimiter* const inner = limited({.max_concurrent = 1});
  RateLimiter* const nested[] = {outer, inner};
  const Visitor holder = visit(1, *inner, 0, 1h);
  Turn turn(nested, {}, clock_.now() + 1min, Priority::interactive, [] {});
  EXPECT_FALSE(turn.look(clock_.now()).end);
  EXPECT_EQ(inner->line().length(), 1u);
  EXPECT_EQ(outer->line().length(), 0u);
  EXPECT_TRUE(outer->try_acquire({}));  // it holds up nobody else
  auto taken = outer->try_acquire({});
  taken->settle({});
  held_.erase(1);
  EXPECT_FALSE(turn.look(clock_.now()).end);  // now the outer one has nothing left
  EXPECT_EQ(inner->line().length(), 0u);
  EXPECT_EQ(outer->line().length(), 1u);
  clock_.advance(1001ms);
  EXPECT_TRUE(turn.look(clock_.now()).end->has_value());
  EXPECT_TRUE(turn.waited());
}

// Real threads and the real clock: all get through, never more at once than allowed.
TEST(AcquireFor, ThreadsTakeTurns) {
  const SystemClock clock;
  const auto two = limiter({.max_concurrent = 2}, clock);
  std::atomic<int> inside{0}, most{0}, done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        auto got = acquire_for(*two, {}, 5min);
        if (!got) continue;
        const int now = ++inside;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 8 * 500);
  EXPECT_LE(most, 2);
  EXPECT_EQ(two->line().length(), 0u);
}

TEST(AcquireFor, WaitsForARefillAndGivesUpInTime) {
  const SystemClock clock;
  const auto quick = limiter({.requests_per_second = 200, .burst = 0.005}, clock);  // one at once
  for (int i = 0; i < 5; ++i) {
    auto got = acquire_for(*quick, {}, 5min);
    ASSERT_TRUE(got);
    got->settle({});
  }
  const auto daily = limiter({.tokens_per_day = 10}, clock);
  const auto all = acquire_for(*daily, {.input = 10}, 0s);
  EXPECT_TRUE(all);
  const auto refused = acquire_for(*daily, {.input = 1}, 1ms);
  ASSERT_FALSE(refused);
  EXPECT_GT(refused.error().retry_after, 2h);
}

}  // namespace
}  // namespace tidegate
