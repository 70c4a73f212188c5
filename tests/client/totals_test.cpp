// What is counted and bounded: costs against the simulator's own usage, limits, concurrency.
#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

#include "asked.h"

namespace tidegate {
namespace {

class Totals : public ClientTest {};

// The model "priced" by hand, in nano-dollars: USD 1.00, 0.10 and 2.00 per million tokens.
std::int64_t by_hand(const Usage& usage) {
  return (usage.prompt - usage.cached) * 1000 + usage.cached * 100 + usage.completion * 2000;
}

TEST_F(Totals, CostsAreThoseOfTheUsageThatTheProviderReports) {
  Client client = open(options());
  Usage sum;
  std::int64_t cost = 0;
  // A conversation that goes on is read from the provider's cache up to its last question.
  ChatRequest request = ask("priced", std::string(3000, 'x'));
  for (int i = 0; i < 4; ++i) {
    const ChatResult answer = client.complete(request);
    ASSERT_TRUE(answer) << answer.error().message;
    request.messages.push_back(answer->message());
    request.messages.push_back({.content = "Go on."});
    ASSERT_TRUE(answer->cost);
    EXPECT_EQ(answer->cost->value, by_hand(answer->usage));
    sum.prompt += answer->usage.prompt;
    sum.cached += answer->usage.cached;
    sum.completion += answer->usage.completion;
    sum.reasoning += answer->usage.reasoning;
    cost += answer->cost->value;
  }
  EXPECT_GT(sum.cached, 0);
  const CostSummary costs = client.costs();
  EXPECT_EQ(costs.requests, 4u);
  EXPECT_EQ(costs.succeeded, 4u);
  EXPECT_EQ(costs.success_rate, 1);
  EXPECT_EQ(costs.tokens, sum);
  EXPECT_EQ(costs.cost.value, cost);
  EXPECT_EQ(costs.cost_per_1000_requests.value, cost * 250);
  EXPECT_EQ(costs.unpriced_attempts, 0u);
}

TEST_F(Totals, FailuresCountInTheRate) {
  Client client = open(options("400"));
  ASSERT_TRUE(client.complete(ask("priced")));
  ASSERT_TRUE(client.complete(ask("priced", "Another?")));
  ASSERT_TRUE(client.complete(ask("priced", "A third?")));
  EXPECT_FALSE(client.complete(ask("faulty")));
  const CostSummary costs = client.costs();
  EXPECT_EQ(costs.requests, 4u);
  EXPECT_EQ(costs.failed, 1u);
  EXPECT_EQ(costs.success_rate, 0.75);
  EXPECT_EQ(costs.attempts, 4u);
}

TEST_F(Totals, APriceThatIsNotKnownIsSaid) {
  ClientOptions with = options();
  with.models.push_back({.id = "mine", .provider = "openai"});
  Client client = open(with);
  const ChatResult answer = client.complete(ask("mine"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->cost);
  EXPECT_EQ(client.costs().unpriced_attempts, 1u);
  EXPECT_EQ(client.costs().cost.value, 0);
}

TEST_F(Totals, LatenciesAreThoseOfTheAnswers) {
  Client client = open(options());
  std::vector<Duration> took;
  for (int i = 0; i < 40; ++i) {
    ChatRequest request = ask("priced", "Question " + std::to_string(i));
    if (i % 10 == 0) request.headers.emplace_back("x-sim-first-token", "20ms");
    const ChatResult answer = client.complete(request);
    ASSERT_TRUE(answer) << answer.error().message;
    took.push_back(answer->timings.total);
  }
  std::ranges::sort(took);
  const CostSummary costs = client.costs();
  const auto is_about = [](Duration said, Duration real) {
    return said >= real && said.count() <= real.count() + real.count() / 100;
  };
  EXPECT_TRUE(is_about(costs.p50, took[19]));
  EXPECT_TRUE(is_about(costs.p95, took[37]));
  EXPECT_TRUE(is_about(costs.p99, took[39]));
  Duration sum{};
  for (const Duration each : took) sum += each;
  EXPECT_NEAR(static_cast<double>(costs.mean.count()), static_cast<double>(sum.count()) / 40, 1);
}

// Each request takes 5 ms, 40 of them: no more than three are ever at the provider.
TEST_F(Totals, NoMoreRequestsRunThanAreAllowed) {
  ClientOptions with = options();
  with.limits.max_concurrent = 3;
  with.threads = 2;
  Client client = open(with);
  std::atomic<bool> over{false};
  std::atomic<int> most{0};
  std::thread watch([&] {
    while (!over) {
      const int now = simulator().in_flight();
      if (now > most) most = now;
      std::this_thread::yield();
    }
  });
  std::vector<std::future<ChatResult>> answers;
  for (int i = 0; i < 40; ++i) {
    ChatRequest request = ask("priced", "Question " + std::to_string(i));
    request.headers.emplace_back("x-sim-first-token", "5ms");
    answers.push_back(client.submit(request));
  }
  int queued = 0;
  for (auto& answer : answers) {
    const ChatResult result = answer.get();
    EXPECT_TRUE(result);
    if (result && result->timings.queued > 0ns) ++queued;
  }
  over = true;
  watch.join();
  EXPECT_LE(most, 3);
  EXPECT_GT(most, 0);
  EXPECT_GE(queued, 30);
}

// 50 requests a second with a burst of 5: 25 requests take at least (25 - 5) / 50 s.
TEST_F(Totals, TheRateIsHeld) {
  ClientOptions with = options();
  with.limits.requests_per_second = 50;
  with.limits.burst = 0.1;
  Client client = open(with);
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::future<ChatResult>> answers;
  for (int i = 0; i < 25; ++i) answers.push_back(client.submit(ask("priced")));
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 400ms);
}

TEST_F(Totals, AQueueTimeThatIsOverIsARateLimit) {
  ClientOptions with = options();
  with.limits.requests_per_minute = 1;
  with.queue_time = 10ms;
  Client client = open(with);
  ASSERT_TRUE(client.complete(ask("priced")));
  const ChatResult refused = client.complete(ask("priced"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, FailureClass::rate_limited);
  EXPECT_GT(refused.error().retry_after.value_or(0s), 10s);
}

// 30 tokens of prompt and up to 10 of answer fit into what is left until the day's money is spent.
TEST_F(Totals, TheDaysMoneyIsNotOverspent) {
  ClientOptions with = options();
  with.limits.cost_per_day = NanoDollars{1'000'000};
  Client client = open(with);
  int answered = 0;
  for (;;) {
    ChatRequest request = ask("priced", "Question " + std::to_string(answered));
    request.max_tokens = 100;
    const ChatResult answer = client.complete(request);
    if (!answer) {
      EXPECT_EQ(answer.error().failure, FailureClass::budget);
      EXPECT_GT(answer.error().retry_after.value_or(0s), 0s);
      break;
    }
    ASSERT_LT(++answered, 1000);
  }
  EXPECT_GT(answered, 1);
  EXPECT_LE(client.costs().cost.value, 1'000'000);
  EXPECT_GT(client.costs().cost.value, 500'000);
}

TEST_F(Totals, CallbacksAreCalledOnceEach) {
  ClientOptions with = options("hang");
  with.threads = 2;
  std::atomic<int> done{0};
  std::atomic<int> events{0};
  {
    Client client = open(with);
    for (int i = 0; i < 50; ++i) {
      const bool hangs = i % 10 == 0;
      client.submit(
          ask(hangs ? "faulty" : "priced"), [&](const ChatResult&) { ++done; },
          [&](const StreamEvent&) { ++events; });
    }
    while (done < 45) std::this_thread::yield();
  }
  EXPECT_EQ(done, 50);
  EXPECT_GT(events, 45);
}

}  // namespace
}  // namespace tidegate
