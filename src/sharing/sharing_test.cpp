#include "sharing/sharing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "budgets/budgets.h"
#include "redis/test_redis.h"
#include "sharing/test_sharing.h"
#include "tidegate/acquire.h"

namespace tidegate::sharing {
namespace {

// What a gateway has: its sharing, and a limiter that is one with those of others.
struct Gateway {
  Gateway(std::uint16_t port, const RateLimits& limits)
      : sharing(clock, {{.host = "127.0.0.1", .port = port}, "test", 1}, *log),
        limiter(*RateLimiter::create(limits, clock)) {
    limiter->share(sharing.lender(), "global:");
    sharing.start();
    EXPECT_TRUE(eventually([this] { return sharing.connected(); }));
  }
  ~Gateway() { sharing.stop(); }
  // 500 requests a second until `end`, with those made up for that the machine was too busy for.
  void storm(TimePoint begin, TimePoint end) {
    for (TimePoint next = begin; next < end; next += 2ms) {
      std::this_thread::sleep_until(next);
      auto got = limiter->try_acquire({});
      if (!got) continue;
      got->settle({});
      admitted.push_back(clock.now());
    }
  }

  // One after the other, until one is refused.
  int admit_all() {
    for (int count = 0;; ++count) {
      auto got = acquire_for(*limiter, {}, 20ms);
      if (!got) return count;
      got->settle({});
    }
  }

  SystemClock clock;
  std::unique_ptr<telemetry::Log> log = silent_log(clock);
  Sharing sharing;
  std::unique_ptr<RateLimiter> limiter;
  std::vector<TimePoint> admitted;
};

TEST(Sharing, admits_what_one_gateway_would) {
  redis::TestRedis redis;
  std::vector<std::unique_ptr<Gateway>> gateways;
  for (int i = 0; i < 4; ++i) {
    gateways.push_back(std::make_unique<Gateway>(
        redis.port(), RateLimits{.requests_per_second = 1000, .burst = 0.25}));
  }
  EXPECT_TRUE(eventually([&] { return gateways[0]->sharing.gateways() == 4; }));
  const auto round_trips = [&] {
    std::uint64_t sum = 0;
    for (const auto& gateway : gateways) sum += gateway->sharing.link().rounds;
    return sum;
  };
  const std::uint64_t before = round_trips();
  // The long form is what docs/many-gateways.md promises.
  const bool in_full = std::getenv("TIDEGATE_LONG_TESTS") != nullptr;
  const Duration length = in_full ? 12s : 2s;
  const Duration span = in_full ? 10s : 1s;
  const double tolerance = in_full ? 0.01 : 0.1;
  const SystemClock clock;
  const TimePoint begin = clock.now();
  std::vector<std::thread> threads;
  for (const auto& gateway : gateways) {
    threads.emplace_back([&] { gateway->storm(begin, begin + length); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(clock.now() - begin).count();
  const auto admitted = [&](TimePoint from, TimePoint to) {
    std::int64_t sum = 0;
    for (const auto& gateway : gateways) {
      sum += std::ranges::count_if(gateway->admitted,
                                   [&](TimePoint at) { return from <= at && at < to; });
    }
    return static_cast<double>(sum);
  };
  for (const auto& gateway : gateways) EXPECT_GT(gateway->admitted.size(), 200u);
  // All began without a lease, so there is nothing that could be added to it.
  EXPECT_LE(admitted(begin, TimePoint::max()), 1000 * seconds + 250 + 1);
  // When the burst is used up.
  const double wanted = 1000 * std::chrono::duration<double>(span).count();
  for (TimePoint from = begin + 500ms; from + span <= begin + length; from += 100ms) {
    EXPECT_NEAR(admitted(from, from + span), wanted, tolerance * wanted);
  }
  // A gateway asks at most 50 times a second, and says twice that it lives.
  EXPECT_LE(static_cast<double>(round_trips() - before), 4 * 60 * (seconds + 1));
}

TEST(Sharing, gives_back_what_is_not_used) {
  redis::TestRedis redis;
  const RateLimits limits{.tokens_per_day = 1000, .max_concurrent = 3};
  Gateway one(redis.port(), limits);
  Gateway two(redis.port(), limits);
  auto held = acquire_for(*one.limiter, {.input = 700}, 5s);
  ASSERT_TRUE(held);
  EXPECT_FALSE(acquire_for(*two.limiter, {.input = 700}, 50ms));
  held->settle({.input = 10});
  EXPECT_TRUE(
      eventually([&] { return acquire_for(*two.limiter, {.input = 900}, 50ms).has_value(); }));
  EXPECT_TRUE(eventually([&] { return one.sharing.open_leases() == 0; }));
}

TEST(Sharing, shares_slots) {
  redis::TestRedis redis;
  Gateway one(redis.port(), {.max_concurrent = 3});
  Gateway two(redis.port(), {.max_concurrent = 3});
  std::vector<Reservation> held;
  for (Gateway* gateway : {&one, &two, &one}) {
    auto got = acquire_for(*gateway->limiter, {}, 5s);
    ASSERT_TRUE(got);
    held.push_back(std::move(*got));
  }
  EXPECT_FALSE(acquire_for(*one.limiter, {}, 20ms));
  EXPECT_FALSE(acquire_for(*two.limiter, {}, 20ms));
  held.pop_back();  // of the first; the second waits for it
  auto got = acquire_for(*two.limiter, {}, 5s);
  EXPECT_TRUE(got);
}

TEST(Sharing, goes_on_with_a_fair_share) {
  redis::TestRedis redis;
  const RateLimits limits{.requests_per_minute = 60, .max_concurrent = 4};
  Gateway one(redis.port(), limits);
  Gateway two(redis.port(), limits);
  ASSERT_TRUE(
      eventually([&] { return one.sharing.gateways() == 2 && two.sharing.gateways() == 2; }));
  const SystemClock clock;
  const TimePoint begin = clock.now();
  const auto earned = [&](double rate) {
    return rate * std::chrono::duration<double>(clock.now() - begin).count();
  };
  redis.kill();
  ASSERT_TRUE(eventually([&] { return !one.sharing.connected() && !two.sharing.connected(); }));
  int together = 0;
  for (Gateway* gateway : {&one, &two}) {
    const int admitted = gateway->admit_all();
    EXPECT_GE(admitted, 30);
    EXPECT_LE(admitted, 30 + earned(0.5));
    together += admitted;
  }
  redis.start();
  // The server is empty, and the second may not have said yet what it spent.
  ASSERT_TRUE(eventually([&] { return one.sharing.connected(); }));
  together += one.admit_all();
  // Whether the server stays or, on a busy machine, answers too late: then it is another outage,
  // with a share of what has come back since.
  EXPECT_LE(together, 60 + earned(1.5) + 1);
}

TEST(Sharing, knows_of_an_idle_limit_what_was_left) {
  redis::TestRedis redis;
  Gateway one(redis.port(), {.tokens_per_day = 1000});
  auto got = acquire_for(*one.limiter, {.input = 900}, 5s);
  ASSERT_TRUE(got);
  got->settle({.input = 900});
  ASSERT_TRUE(eventually([&] { return one.sharing.open_leases() == 0; }));
  redis.kill();
  ASSERT_TRUE(eventually([&] { return !one.sharing.connected(); }));
  EXPECT_FALSE(acquire_for(*one.limiter, {.input = 900}, 1s));
  EXPECT_TRUE(acquire_for(*one.limiter, {.input = 50}, 5s));
}

// As who one spends, and what the ledger of that one has.
struct Past {
  std::string id;
  std::int64_t spent = 0;
  bool one_ledger = false;
};

// What a gateway has that spends: budgets that are one with those of others.
struct Spender {
  Spender(std::uint16_t port, std::int64_t nanodollars, const Past& past = {}, int gateways = 1)
      : sharing(clock,
                {{.host = "127.0.0.1", .port = port}, "test", gateways, {past.id, past.one_ledger}},
                *log) {
    config::Budget budget;
    budget.per = config::BudgetPer::total;
    budget.amount = {nanodollars};
    budgets = budgets::Budgets::build(std::vector{budget}, {}, nullptr, &sharing.treasury());
    budgets->restore({}, {past.spent}, clock.wall(), clock.wall());
    budgets->restored(clock.wall(), [](auto, auto) { return std::nullopt; });
    sharing.start();
    EXPECT_TRUE(eventually([this] { return sharing.connected(); }));
  }
  ~Spender() { sharing.stop(); }
  // As all know of it.
  bool knows_of(std::int64_t spent) const {
    return eventually(
        [&] { return budgets->standings_of_one_name(clock.wall())[0].spent.value == spent; });
  }
  bool spend(std::int64_t worst, std::int64_t real) {
    for (int i = 0; i < 10'000; ++i) {
      auto charge = budgets->reserve({}, NanoDollars{worst}, clock.wall(), false);
      if (charge) return charge->settle({real}, clock.wall()), true;
      if (charge.error().why == budgets::Refusal::Why::exhausted) return false;
      std::this_thread::sleep_for(2ms);
    }
    ADD_FAILURE() << "nobody said that it is exhausted";
    return false;
  }

  SystemClock clock;
  std::unique_ptr<telemetry::Log> log = silent_log(clock);
  Sharing sharing;
  std::shared_ptr<const budgets::Budgets> budgets;
};

TEST(Sharing, spends_one_budget_to_its_end) {
  redis::TestRedis redis;
  Spender one(redis.port(), 1000);
  Spender two(redis.port(), 1000);
  std::atomic<std::int64_t> spent = 0;
  const auto spend_all = [&](Spender& who) {
    while (who.spend(50, 20)) spent += 20;
  };
  std::thread other([&] { spend_all(two); });
  spend_all(one);
  other.join();
  EXPECT_LE(spent, 1000);
  EXPECT_GT(spent, 1000 - 50) << "the last of it was enough for another";
}

// Redis knows of 100 of the first that its ledger lost when it was killed.
TEST(Sharing, spends_at_the_start_no_more_than_is_left_of_a_budget) {
  redis::TestRedis redis;
  for (const char* id : {"one", "two"}) {
    Spender before(redis.port(), 1000, {id});
    ASSERT_TRUE(before.spend(450, 450));
  }
  Spender one(redis.port(), 1000, {"one", 350}, 2);
  Spender two(redis.port(), 1000, {"two", 450}, 2);
  std::atomic<std::int64_t> spent = 0;
  const auto spend_all = [&](Spender& who) {
    while (who.spend(10, 10)) spent += 10;
  };
  std::thread other([&] { spend_all(two); });
  spend_all(one);
  other.join();
  EXPECT_LE(spent, 100);
  EXPECT_GT(spent, 80);
}

// The first life said 450, of which its ledger lost 100; the second spent 60 more and was killed
// before it said so. Its ledger has 410 then, and 510 are spent.
TEST(Sharing, knows_through_the_next_kill_too_what_a_ledger_lost) {
  redis::TestRedis redis;
  ASSERT_TRUE(Spender(redis.port(), 1000, {"one"}).spend(450, 450));
  {
    const Spender second(redis.port(), 1000, {"one", 350});
    ASSERT_TRUE(second.knows_of(450));
  }
  Spender third(redis.port(), 1000, {"one", 410});
  std::int64_t spent = 0;
  while (third.spend(10, 10)) spent += 10;
  EXPECT_LE(spent, 490);
  EXPECT_GT(spent, 470);
}

// The ledger that both have had 100 when the first was told of the budget, and 400 when the second
// was, which spent 250 of it meanwhile.
TEST(Sharing, learns_from_one_ledger_what_was_spent_without_the_budget) {
  redis::TestRedis redis;
  Spender first(redis.port(), 1000, {{}, 100, true});
  ASSERT_TRUE(first.spend(50, 50));
  ASSERT_TRUE(first.knows_of(150));
  // What it leases may be what is missing.
  const std::string leases = fmt::format(
      "redis-cli -p {} HKEYS test:budget:global//total/UTC/0/ | grep -q ^l", redis.port());
  ASSERT_TRUE(eventually([&] { return std::system(leases.c_str()) != 0; }));
  Spender second(redis.port(), 1000, {{}, 400, true});
  EXPECT_TRUE(second.knows_of(400));
  ASSERT_TRUE(first.spend(10, 10));
  EXPECT_TRUE(first.knows_of(410));
  EXPECT_TRUE(second.knows_of(410));
}

// The last of it is less than a share for each of those that were there.
TEST(Sharing, spends_the_last_of_a_budget_at_once_after_a_start) {
  redis::TestRedis redis;
  Spender other(redis.port(), 1000, {"other"});
  ASSERT_TRUE(other.spend(450, 450));
  const std::string long_there =
      fmt::format("redis-cli -p {} HSET test:steady since 0 > /dev/null", redis.port());
  ASSERT_EQ(std::system(long_there.c_str()), 0);
  Spender(redis.port(), 1000, {"one"}).spend(530, 530);
  Spender one(redis.port(), 1000, {"one", 530});
  const TimePoint begin = one.clock.now();
  EXPECT_TRUE(one.spend(20, 20));
  EXPECT_LT(one.clock.now() - begin, 1s);
}

TEST(Sharing, tells_the_others) {
  redis::TestRedis redis;
  SystemClock clock;
  const auto log = silent_log(clock);
  Sharing one(clock, {{.host = "127.0.0.1", .port = redis.port()}, "test", 1}, *log);
  Sharing two(clock, {{.host = "127.0.0.1", .port = redis.port()}, "test", 1}, *log);
  std::atomic<int> heard_by_one = 0, heard_by_two = 0;
  one.bulletin().listen([&](std::string_view, std::string_view) { ++heard_by_one; });
  two.bulletin().listen([&](std::string_view kind, std::string_view text) {
    if (kind == "route" && text == std::to_string(heard_by_two.load())) ++heard_by_two;
  });
  one.start();
  two.start();
  for (int i = 0; i < 2500; ++i) one.bulletin().post("route", std::to_string(i));
  EXPECT_TRUE(eventually([&] { return heard_by_two == 2500; })) << heard_by_two;
  EXPECT_EQ(heard_by_one, 0);
  one.stop();
  two.stop();
}

}  // namespace
}  // namespace tidegate::sharing
