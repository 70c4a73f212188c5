#include <benchmark/benchmark.h>

#include <string>

#include "base/hash.h"

namespace {

void hash(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(tidegate::hash_bytes(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hash)->Arg(16)->Arg(256)->Arg(64 << 10);

}  // namespace
