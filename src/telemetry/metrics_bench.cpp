#include <benchmark/benchmark.h>

#include "telemetry/metrics_list.h"

namespace tidegate::telemetry {
namespace {

constexpr std::array<std::string_view, 1> kOutcomes{"ok"};

void counter_add(benchmark::State& state) {
  Registry registry;
  const CounterId id = registry.counter("c_total", "C");
  Cells& cells = registry.make_cells();
  for (auto _ : state) {
    cells.add(id);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(counter_add);

void histogram_observe(benchmark::State& state) {
  Registry registry;
  const HistogramId id = registry.histogram("h", "H", kFirstTokenBounds);
  Cells& cells = registry.make_cells();
  double value = 0;
  for (auto _ : state) {
    cells.observe(id, value);
    value = value > 20 ? 0 : value + 0.0137;
  }
}
BENCHMARK(histogram_observe);

// Everything that one request counts.
void whole_request(benchmark::State& state) {
  Registry registry;
  const auto target = TargetMetrics::make(registry, {"r", "p", "m"}, kOutcomes);
  const auto server = ServerMetrics::make(registry);
  Cells& cells = registry.make_cells();
  for (auto _ : state) {
    cells.add(server.in_flight, 1);
    cells.add(target.requests(RequestResult::ok));
    cells.add(target.attempts_by_outcome[0]);
    cells.add(target.prompt_tokens, 500);
    cells.add(target.cached_tokens, 100);
    cells.add(target.completion_tokens, 300);
    cells.add(target.reasoning_tokens, 50);
    cells.add(target.cost_nanodollars, 123456);
    cells.observe(target.duration_seconds, 1.5);
    cells.observe(target.first_token_seconds, 0.3);
    cells.observe(target.input_tokens, 500);
    cells.observe(target.output_tokens, 300);
    cells.add(server.in_flight, -1);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(whole_request);

// 50 targets, 8 workers: what a scrape costs the thread that answers it.
void scrape(benchmark::State& state) {
  Registry registry;
  for (int i = 0; i < 50; ++i) {
    TargetMetrics::make(registry, {"route", "provider", "model" + std::to_string(i)}, kOutcomes);
  }
  for (int i = 0; i < 8; ++i) {
    registry.make_cells().add(CounterId{0});
  }
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = registry.prometheus().size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(scrape)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tidegate::telemetry
