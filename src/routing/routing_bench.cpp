// What a decision costs. Budget: an expression under 1 us, a reason under 0.5 us.
#include <benchmark/benchmark.h>

#include "routing/decision.h"
#include "routing/policy.h"

namespace tidegate::routing {
namespace {

constexpr Facts kFacts{.context_tokens = 231042, .tool_density = 0.12, .role = "planner"};

config::Config sample() {
  config::Config config;
  config::Provider provider;
  provider.name = "cluster";
  provider.key_required = false;
  config.providers = {provider};
  for (const char* id : {"wide", "narrow"}) {
    config::Model model;
    model.id = id;
    model.provider = "cluster";
    model.context = 1'000'000;
    config.models.push_back(model);
  }
  config.routes = {{"long", "wide", 64'000, {}, {"narrow"}, {}},
                   {"short", "narrow", 8'000, {}, {"wide"}, {}}};
  config.policy = {
      {"context_tokens > 200000 && tool_density < 0.3", "long", {}},
      {"context_tokens < 50000 && tool_density < 0.2 && planning_score < 0.5", "short", {}},
      {"tool_density > 0.6", "short", {}},
      {"", "long", {}}};
  return config;
}

void expression(benchmark::State& state, const char* source) {
  const auto compiled = Expression::compile(source);
  for (auto _ : state) benchmark::DoNotOptimize(compiled->holds(kFacts));
}
BENCHMARK_CAPTURE(expression, two_comparisons, "context_tokens > 200000 && tool_density < 0.3");
BENCHMARK_CAPTURE(expression, list_and_text,
                  "role in ['a', 'coder', 'planner'] && !client.startsWith('Cursor')");
BENCHMARK_CAPTURE(expression, arithmetic, "context_tokens / (messages + 1) * 2 > 1000 + tools");

void explain(benchmark::State& state) {
  std::vector<config::Problem> problems;
  const std::vector<std::string> routes{"long", "short"};
  const Policy policy = Policy::build(sample().policy, routes, problems);
  const Match match = policy.decide(kFacts).value();
  for (auto _ : state) {
    Reason reason;
    policy.explain(match, kFacts, reason);
    benchmark::DoNotOptimize(reason);
  }
}
BENCHMARK(explain);

void decision(benchmark::State& state, bool sticky) {
  const config::Config config = sample();
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(config, problems);
  const Table table = build(config, catalog, problems);
  Affinity affinity;
  Query query;
  query.workload.context_tokens = 231042;
  query.task = "8d7c1f0e-task";
  query.now = TimePoint{100h};
  if (sticky) {
    affinity.remember(decide(table, &affinity, query)->task, table.routes[0].hash, query.now);
  }
  for (auto _ : state) benchmark::DoNotOptimize(decide(table, &affinity, query));
}
BENCHMARK_CAPTURE(decision, policy, false);
BENCHMARK_CAPTURE(decision, sticky, true);

}  // namespace
}  // namespace tidegate::routing
