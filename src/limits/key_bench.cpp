// Look-ups among 100,000 keys: must take less than 200 ns on average.
#include <benchmark/benchmark.h>

#include "base/random.h"
#include "limits/sample_keys.h"

namespace {

using namespace tidegate;
using namespace tidegate::limits;

constexpr std::size_t kKeys = 100'000;

const SampleKeys& samples() {
  static const SampleKeys keys = [] {
    SampleKeys made;
    for (std::size_t i = 0; i < kKeys; ++i) made.add("key-" + std::to_string(i));
    return made;
  }();
  return keys;
}

void good_key(benchmark::State& state) {
  const auto table = samples().table();
  const WallTime now{};
  for (auto _ : state) {
    const Verdict verdict = table->check(samples().texts()[random_below(kKeys)], now);
    if (verdict.key == nullptr) state.SkipWithError("a good key was refused");
  }
}
BENCHMARK(good_key);

void unknown_key(benchmark::State& state) {
  const auto table = samples().table();
  const std::string text = *make_key_text();
  for (auto _ : state) benchmark::DoNotOptimize(table->check(text, WallTime{}));
}
BENCHMARK(unknown_key);

void malformed_key(benchmark::State& state) {
  const auto table = samples().table();
  const std::string text(kKeySize, '0');
  for (auto _ : state) benchmark::DoNotOptimize(table->check(text, WallTime{}));
}
BENCHMARK(malformed_key);

void build_table(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(samples().table());
}
BENCHMARK(build_table)->Unit(benchmark::kMillisecond);

}  // namespace
