// Look-ups among 100,000 keys: any_key must take less than 200 ns on average.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <chrono>

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

// The texts of `keys`, copied together: a request's key lies in the buffer that was just read,
// while those of the samples are scattered over megabytes.
class Presented {
 public:
  explicit Presented(std::size_t among) {
    for (std::size_t i = 0; i < kCount; ++i) {
      samples().texts()[random_below(among)].copy(texts_[i].data(), kKeySize);
    }
  }
  static constexpr std::size_t kCount = 256;
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    return {texts_[i].data(), kKeySize};
  }

 private:
  std::array<std::array<char, kKeySize>, kCount> texts_;
};

// Time of one look-up, in which nothing but the look-up is timed. `first`: each key for the first
// time since the table was made.
void look_up(benchmark::State& state, std::size_t among, bool first) {
  auto table = samples().table();
  if (!first) {
    for (std::size_t i = 0; i < among; ++i)
      benchmark::DoNotOptimize(table->check(samples().texts()[i], {}));
  }
  for (auto _ : state) {
    const Presented keys(among);
    std::size_t good = 0;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < Presented::kCount; ++i) {
      good += table->check(keys[i], WallTime{}).key != nullptr;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (good != Presented::kCount) state.SkipWithError("a good key was refused");
    state.SetIterationTime(took.count() / Presented::kCount);
  }
}

// Any of 100,000 keys that were all used before: what a busy gateway does.
void any_key(benchmark::State& state) { look_up(state, kKeys, false); }
BENCHMARK(any_key)->UseManualTime()->Iterations(5000);

// Any of 64 of them.
void hot_key(benchmark::State& state) { look_up(state, 64, false); }
BENCHMARK(hot_key)->UseManualTime()->Iterations(5000);

// Keys that were not used since the table was made: after a start or a change of the keys.
void first_use(benchmark::State& state) { look_up(state, kKeys, true); }
BENCHMARK(first_use)->UseManualTime()->Iterations(20);

void unknown_key(benchmark::State& state) {
  const auto table = samples().table();
  const std::string text = *make_key_text();
  for (auto _ : state) benchmark::DoNotOptimize(table->check(text, WallTime{}));
}
BENCHMARK(unknown_key);

// These take as long as one that is unknown, so that the time tells nothing.
void refused_key(benchmark::State& state, void (*spoil)(Key&)) {
  SampleKeys keys;
  spoil(keys.add("refused"));
  for (std::size_t i = 0; i < 1000; ++i) keys.add("key-" + std::to_string(i));
  const auto table = keys.table();
  for (auto _ : state) benchmark::DoNotOptimize(table->check(keys.texts()[0], WallTime{1s}));
}
void expired_key(benchmark::State& state) {
  refused_key(state, [](Key& key) { key.expires = WallTime{}; });
}
BENCHMARK(expired_key);
void revoked_key(benchmark::State& state) {
  refused_key(state, [](Key& key) { key.revoked = WallTime{}; });
}
BENCHMARK(revoked_key);

void malformed_key(benchmark::State& state) {
  const auto table = samples().table();
  const std::string text(kKeySize, '0');
  for (auto _ : state) benchmark::DoNotOptimize(table->check(text, WallTime{}));
}
BENCHMARK(malformed_key);

// What stays of it in memory: must be 40 MB at most.
void build_table(benchmark::State& state) {
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  benchmark::DoNotOptimize(samples());
  for (auto _ : state) {
    const double before = in_use();
    const auto table = samples().table();
    state.counters["MB"] = (in_use() - before) / 1e6;
  }
}
BENCHMARK(build_table)->Unit(benchmark::kMillisecond);

}  // namespace
