#include <benchmark/benchmark.h>

#include <string>

#include "tls/keyed_hash.h"

namespace {

void keyed_hash(benchmark::State& state) {
  const tidegate::tls::KeyedHash hash("a secret of the server's own, 32 bytes");
  const std::string key(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(hash(key));
}
BENCHMARK(keyed_hash)->Arg(49);  // the size of a virtual key

}  // namespace
