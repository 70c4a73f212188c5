#include "routing/breaker.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tidegate::routing {
namespace {

constexpr config::Breaker kSettings{.failures = 3, .open_for = 10s};

class BreakerTest : public testing::Test {
 protected:
  TimePoint now() const { return clock.now(); }
  void fail(int times) {
    for (int i = 0; i < times; ++i) breaker.failed(breaker.admit(now()), now());
  }
  FakeClock clock;
  Breaker breaker{kSettings};
};

TEST_F(BreakerTest, OpensAfterFailuresInARow) {
  fail(2);
  breaker.succeeded(breaker.admit(now()));
  EXPECT_EQ(breaker.failures(), 0);
  fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  clock.advance(4s);
  const auto refused = breaker.admit(now());
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 6s);
}

TEST_F(BreakerTest, OneProbeThenClosed) {
  fail(3);
  clock.advance(10s);
  const auto probe = breaker.admit(now());
  EXPECT_TRUE(probe.allowed);
  EXPECT_TRUE(probe.probe);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  const auto other = breaker.admit(now());
  EXPECT_FALSE(other.allowed);
  EXPECT_EQ(other.retry_after, 10s);
  breaker.succeeded(probe);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_FALSE(breaker.admit(now()).probe);
}

TEST_F(BreakerTest, OpenTimeDoublesUpToEightTimes) {
  fail(3);
  for (const Duration open : {10s, 20s, 40s, 80s, 80s}) {
    clock.advance(open - 1ms);
    ASSERT_FALSE(breaker.admit(now()).allowed);
    clock.advance(1ms);
    const auto probe = breaker.admit(now());
    ASSERT_TRUE(probe.probe);
    breaker.failed(probe, now());
  }
  clock.advance(80s);
  breaker.succeeded(breaker.admit(now()));
  fail(3);
  clock.advance(10s);
  EXPECT_TRUE(breaker.admit(now()).probe);  // a success starts from the shortest time again
}

TEST_F(BreakerTest, IgnoredGivesTheProbeBack) {
  fail(3);
  clock.advance(10s);
  breaker.ignored(breaker.admit(now()));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_TRUE(breaker.admit(now()).probe);
  EXPECT_FALSE(breaker.admit(now()).allowed);
}

TEST_F(BreakerTest, IgnoredCountsForNothing) {
  fail(2);
  breaker.ignored(breaker.admit(now()));
  EXPECT_EQ(breaker.failures(), 2);
}

TEST_F(BreakerTest, StragglersDoNotDecide) {
  const auto early = breaker.admit(now());
  fail(3);
  breaker.succeeded(early);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  clock.advance(10s);
  const auto probe = breaker.admit(now());
  breaker.failed(early, now());
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  breaker.succeeded(probe);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(BreakerTest, ALostProbeIsReplaced) {
  fail(3);
  clock.advance(10s);
  EXPECT_TRUE(breaker.admit(now()).probe);
  clock.advance(Breaker::kProbeLease - 1ms);
  EXPECT_FALSE(breaker.admit(now()).allowed);
  clock.advance(1ms);
  EXPECT_TRUE(breaker.admit(now()).probe);
}

TEST(BreakerThreads, NeverTwoProbesAtOnce) {
  Breaker breaker({.failures = 1, .open_for = 1ms});
  std::atomic<std::int64_t> time{0};
  std::atomic<int> probes_out{0}, most_out{0}, probes{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) {
        const TimePoint now{std::chrono::microseconds(time.fetch_add(50))};
        const auto admission = breaker.admit(now);
        if (!admission.allowed) continue;
        if (admission.probe) {
          ++probes;
          const int out = ++probes_out;
          if (out > most_out) most_out = out;
          std::this_thread::yield();  // others ask while the probe is out
          --probes_out;
        }
        switch ((i + t) % 3) {
          case 0:
            breaker.succeeded(admission);
            break;
          case 1:
            breaker.failed(admission, now);
            break;
          default:
            breaker.ignored(admission);
        }
      }
    });
  }
  threads.clear();
  EXPECT_GT(probes, 0);
  EXPECT_EQ(most_out, 1);
  const TimePoint later{std::chrono::hours(1)};
  EXPECT_TRUE(breaker.admit(later).allowed);  // no slot was lost
}

TEST(BreakerNews, opens_on_the_word_of_others) {
  config::Breaker settings;
  settings.failures = 2;
  settings.open_for = 10s;
  Breaker ours(settings);
  Breaker theirs(settings);
  const TimePoint now = TimePoint{} + 100s;
  EXPECT_EQ(theirs.failed(theirs.admit(now), now), Duration{});
  const Duration open = theirs.failed(theirs.admit(now), now);
  EXPECT_EQ(open, Duration{10s});
  EXPECT_EQ(theirs.failed({}, now), Duration{});  // it is open already
  ours.open_until(now + open);
  EXPECT_FALSE(ours.admit(now + 9s).allowed);
  ours.open_until(now + 5s);  // older news
  EXPECT_FALSE(ours.admit(now + 9s).allowed);
  const BreakerAdmission probe = ours.admit(now + 10s);
  EXPECT_TRUE(probe.probe);
  ours.open_until(now + 60s);
  ours.succeeded(probe);
  EXPECT_EQ(ours.state(), BreakerState::closed);
}

}  // namespace
}  // namespace tidegate::routing
