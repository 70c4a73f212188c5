// Start-up: the shipped catalogue is parsed once, in less than 5 ms. Per request: find and quote.
#include <benchmark/benchmark.h>

#include "catalog/catalog.h"
#include "catalog/shipped_data.h"

namespace tidegate::catalog {
namespace {

void parse_shipped(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<config::Problem> problems;
    benchmark::DoNotOptimize(Catalog::parse(kShippedCatalog, "data/catalog.yaml", problems));
  }
}
BENCHMARK(parse_shipped)->Unit(benchmark::kMillisecond);

void load_default_config(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(config::embedded_default());
}
BENCHMARK(load_default_config)->Unit(benchmark::kMicrosecond);

void with_default_config(benchmark::State& state) {
  const auto loaded = config::embedded_default();
  for (auto _ : state) {
    std::vector<config::Problem> problems;
    benchmark::DoNotOptimize(Catalog::with(loaded.config, problems));
  }
}
BENCHMARK(with_default_config)->Unit(benchmark::kMicrosecond);

void find_quote_and_cost(benchmark::State& state) {
  const Catalog& catalog = Catalog::shipped();
  const WallTime now{1'791'000'000s};
  const Usage usage{.prompt = 1000, .cached = 500, .completion = 100};
  for (auto _ : state) {
    const Model* model = catalog.find("deepseek-v4-pro");
    const Quote quote = catalog.quote(*model, now, usage.prompt);
    benchmark::DoNotOptimize(cost(*quote.price, usage));
  }
}
BENCHMARK(find_quote_and_cost);

}  // namespace
}  // namespace tidegate::catalog
