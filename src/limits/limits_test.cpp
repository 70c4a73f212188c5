#include "limits/limits.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "limits/adaptive_limit.h"
#include "limits/output_estimate.h"

namespace tidegate::limits {
namespace {

using config::LimitScope;

class LimitsTest : public testing::Test {
 protected:
  static config::Limit rule(LimitScope scope, std::string name, std::int64_t concurrent) {
    return {scope, std::move(name), {.max_concurrent = concurrent}, {}};
  }
  std::shared_ptr<const Limits> build(std::vector<config::Limit> scopes,
                                      const Limits* previous = nullptr) {
    config::Limits settings;
    settings.scopes = std::move(scopes);
    return Limits::build(settings, clock_, registry_, previous);
  }
  static Chain chain_of(const Limits& limits, const Subject& subject) {
    Chain chain;
    limits.add_of_request(chain, subject);
    return chain;
  }
  FakeClock clock_;
  telemetry::Registry registry_;
};

TEST_F(LimitsTest, ARequestPassesItsScopesFromTheOutside) {
  const auto limits = build({rule(LimitScope::route, "", 1), rule(LimitScope::key, "", 2),
                             rule(LimitScope::model, "m", 3)});
  const Chain chain = chain_of(*limits, {.tenant = "t", .key = "k", .client = {}, .route = "r"});
  ASSERT_EQ(chain.rules().size(), 3u);
  EXPECT_EQ(chain.rules()[0]->limit.scope, LimitScope::global);
  EXPECT_EQ(chain.rules()[1]->limit.scope, LimitScope::key);
  EXPECT_EQ(chain.rules()[2]->limit.scope, LimitScope::route);
  EXPECT_EQ(limits->of_target("p", "m").limiters().size(), 1u);
  EXPECT_EQ(limits->of_target("p", "n").limiters().size(), 0u);
  // Nobody's route is nothing to count.
  EXPECT_EQ(chain_of(*limits, {}).limiters().size(), 1u);
  EXPECT_TRUE(limits->has(LimitScope::key));
  EXPECT_FALSE(limits->has(LimitScope::tenant));
}

TEST_F(LimitsTest, EachHasItsOwnAndANamedOneItsSpecialLimits) {
  const auto limits = build({rule(LimitScope::key, "", 1), rule(LimitScope::key, "big", 5)});
  const auto of = [&](std::string_view key) {
    const Chain chain = chain_of(*limits, {.tenant = {}, .key = key, .client = {}, .route = {}});
    return chain.limiters()[1];
  };
  EXPECT_EQ(of("a"), of("a"));
  EXPECT_NE(of("a"), of("b"));
  const auto a = of("a")->try_acquire({});
  EXPECT_FALSE(of("a")->try_acquire({}));
  EXPECT_TRUE(of("b")->try_acquire({}));
  const auto big = of("big")->try_acquire({});
  EXPECT_TRUE(of("big")->try_acquire({}));
}

TEST_F(LimitsTest, AReloadKeepsWhatDidNotChange) {
  const auto before = build({rule(LimitScope::model, "a", 1), rule(LimitScope::model, "b", 1)});
  const auto after =
      build({rule(LimitScope::model, "a", 1), rule(LimitScope::model, "b", 2)}, before.get());
  EXPECT_EQ(before->of_target("", "a").limiters()[0], after->of_target("", "a").limiters()[0]);
  EXPECT_NE(before->of_target("", "b").limiters()[0], after->of_target("", "b").limiters()[0]);
}

TEST_F(LimitsTest, ATableThatIsFullSharesOneCell) {
  CellTable table({.max_concurrent = 1}, clock_, 10, 3);
  std::set<RateLimiter*> cells;
  for (int i = 0; i < 3; ++i) cells.insert(&table.find("k" + std::to_string(i)));
  EXPECT_EQ(cells.size(), 3u);
  EXPECT_EQ(&table.find("k3"), &table.find("k4"));
  EXPECT_FALSE(cells.contains(&table.find("k3")));
  EXPECT_TRUE(cells.contains(&table.find("k1")));
}

TEST_F(LimitsTest, ThreadsFindTheSameCells) {
  CellTable table({.requests_per_minute = 1e6}, clock_, 10, 1000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&table] {
      for (int k = 0; k < 500; ++k) {
        auto got = table.find(std::to_string(k)).try_acquire({});
        if (got) got->settle({});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int k = 0; k < 500; ++k) {
    EXPECT_EQ(table.find(std::to_string(k)).requests_standing(clock_.now())->remaining,
              1'000'000 - 4);
  }
}

TEST_F(LimitsTest, FindsAProvidersLimitAndStaysNearIt) {
  constexpr int kProvidersLimit = 40;
  AdaptiveLimit adaptive(clock_, 10);
  EXPECT_FALSE(adaptive.limit());
  int refused_late = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<Reservation> running;
    for (int i = 0; i < 100; ++i) {
      if (auto got = adaptive.limiter().try_acquire({})) running.push_back(std::move(*got));
    }
    const bool too_many = running.size() > kProvidersLimit;
    if (too_many) adaptive.throttled(clock_.now());
    if (too_many && round > 50) ++refused_late;
    for (std::size_t i = 0; i < running.size() && i < kProvidersLimit; ++i) adaptive.succeeded();
    clock_.advance(2s);
  }
  EXPECT_GE(*adaptive.limit(), kProvidersLimit / 2);
  EXPECT_LE(*adaptive.limit(), kProvidersLimit + 2);
  // About one round in a dozen tries for more.
  EXPECT_LT(refused_late, 20);
}

TEST_F(LimitsTest, ManyRefusalsAtOnceAreOneSignAndOneRequestStaysAllowed) {
  AdaptiveLimit adaptive(clock_, 10);
  std::vector<Reservation> running;
  for (int i = 0; i < 100; ++i) running.push_back(*adaptive.limiter().try_acquire({}));
  for (int i = 0; i < 100; ++i) adaptive.throttled(clock_.now());
  EXPECT_EQ(adaptive.limit(), 70);
  running.clear();
  for (int i = 0; i < 100; ++i) {
    clock_.advance(2s);
    adaptive.throttled(clock_.now());
  }
  EXPECT_EQ(adaptive.limit(), 1);
  EXPECT_TRUE(adaptive.limiter().try_acquire({}));
}

TEST(OutputEstimate, IsWhatNineOfTenAnswersStayBelow) {
  OutputEstimate estimate;
  for (int i = 0; i < 19; ++i) estimate.learn(500);
  EXPECT_EQ(estimate.tokens(), 0);
  for (int i = 0; i < 10'000; ++i) estimate.learn(i % 1000 + 1);
  EXPECT_GE(estimate.tokens(), 850);
  EXPECT_LE(estimate.tokens(), 1100);
  for (int i = 0; i < 10'000; ++i) estimate.learn(i % 100 + 1);  // the answers became short
  EXPECT_LE(estimate.tokens(), 110);
  for (const Tokens power : {1, 2, 64, 4096, 1 << 20}) {  // one that fits exactly is not rounded up
    OutputEstimate exact;
    for (int i = 0; i < 20; ++i) exact.learn(power);
    EXPECT_EQ(exact.tokens(), power);
    OutputEstimate more;
    for (int i = 0; i < 20; ++i) more.learn(power + 1);
    EXPECT_GT(more.tokens(), power);
    EXPECT_LE(static_cast<double>(more.tokens()), static_cast<double>(power + 1) * 1.19 + 1);
  }
  estimate.learn(-5);
  estimate.learn(std::int64_t{1} << 60);
}

}  // namespace
}  // namespace tidegate::limits
