#include "loop/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace tidegate {
namespace {

constexpr Duration kTick{1 << 23};
constexpr TimePoint kStart{1000h};

struct Probe {
  explicit Probe(TimePoint& clock) : now(clock) {}
  TimePoint& now;
  TimePoint deadline{};
  std::vector<TimePoint> fired;
  Timer timer{[](void* self) {
                auto& probe = *static_cast<Probe*>(self);
                probe.fired.push_back(probe.now);
              },
              this};
};

TEST(TimerWheel, FiresNeverEarlyAndAtMostATickLate) {
  TimePoint now = kStart;
  TimerWheel wheel(now);
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 2000; ++i) {
    auto& probe = *probes.emplace_back(std::make_unique<Probe>(now));
    // Up to four turns of the wheel.
    probe.deadline = now + Duration(static_cast<std::int64_t>(random()) * 8);
    wheel.arm(probe.timer, probe.deadline);
  }
  // The loop sleeps until next_check(), so nothing may depend on being called in between.
  for (TimePoint next = wheel.next_check(); next != kNever; next = wheel.next_check()) {
    ASSERT_GT(next, now);
    now = next;
    wheel.advance(now);
  }
  for (const auto& probe : probes) {
    ASSERT_EQ(probe->fired.size(), 1u);
    EXPECT_GE(probe->fired[0], probe->deadline);
    EXPECT_LE(probe->fired[0], probe->deadline + kTick);
  }
}

TEST(TimerWheel, CatchesUpAfterAPauseOfSeveralTurns) {
  TimePoint now = kStart;
  TimerWheel wheel(now);
  Probe near(now), far(now), later(now);
  wheel.arm(near.timer, now + 1s);
  wheel.arm(far.timer, now + 20s);
  wheel.arm(later.timer, now + 60s);
  now += 30s;
  wheel.advance(now);
  EXPECT_EQ(near.fired.size(), 1u);
  EXPECT_EQ(far.fired.size(), 1u);
  EXPECT_TRUE(later.fired.empty());
  EXPECT_TRUE(later.timer.armed());
}

TEST(TimerWheel, APastDeadlineFiresWithTheNextTick) {
  TimePoint now = kStart;
  TimerWheel wheel(now);
  Probe probe(now);
  wheel.arm(probe.timer, now - 5s);
  EXPECT_LE(wheel.next_check(), now + kTick);
  now += kTick;
  wheel.advance(now);
  EXPECT_EQ(probe.fired.size(), 1u);
}

TEST(TimerWheel, ArmingAgainMovesTheDeadlineAndNeverArmsNothing) {
  TimePoint now = kStart;
  TimerWheel wheel(now);
  Probe probe(now);
  wheel.arm(probe.timer, now + 1s);
  wheel.arm(probe.timer, now + 3s);
  now += 2s;
  wheel.advance(now);
  EXPECT_TRUE(probe.fired.empty());
  wheel.arm(probe.timer, kNever);
  EXPECT_FALSE(probe.timer.armed());
  EXPECT_EQ(wheel.next_check(), kNever);
  now += 10s;
  wheel.advance(now);
  EXPECT_TRUE(probe.fired.empty());
}

TEST(TimerWheel, WhatFiresMayDisarmAndArmOthersOfTheSameTick) {
  struct Pair {
    TimerWheel& wheel;
    TimePoint again;
    int fired = 0;
    Timer first{[](void* self) { static_cast<Pair*>(self)->on_first(); }, this};
    Timer second{[](void*) { ADD_FAILURE() << "disarmed, yet fired"; }, this};
    void on_first() {
      ++fired;
      second.disarm();
      if (fired == 1) wheel.arm(first, again);
    }
  };
  TimePoint now = kStart;
  TimerWheel wheel(now);
  Pair pair{wheel, now + 2s};
  wheel.arm(pair.first, now + 1s);
  wheel.arm(pair.second, now + 1s);
  wheel.advance(now + 1500ms);
  EXPECT_EQ(pair.fired, 1);
  EXPECT_TRUE(pair.first.armed());
  wheel.advance(now + 3s);
  EXPECT_EQ(pair.fired, 2);
}

TEST(TimerWheel, ATimerDisarmsItselfWhenItIsDestroyed) {
  TimePoint now = kStart;
  TimerWheel wheel(now);
  {
    Probe probe(now);
    wheel.arm(probe.timer, now + 1s);
  }
  EXPECT_EQ(wheel.next_check(), kNever);
  wheel.advance(now + 2s);
}

}  // namespace
}  // namespace tidegate
