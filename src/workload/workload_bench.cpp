// Conversation and Workload of request bodies of 2 KB and 2 MB: the cost of understanding a
// request. Goals: 2 us and 0.8 ms (musts: 5 us and 1.5 ms), no allocation. Also prints the token
// estimate's error over the reference texts.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <new>

#include "json/checked_text.h"
#include "workload/golden_texts.h"
#include "workload/sample_body.h"
#include "workload/workload.h"

namespace {
std::size_t allocations = 0;
}  // namespace

// Counts what the measured code allocates.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tidegate::workload {
namespace {

void finish(benchmark::State& state, const std::string& body, std::size_t allocated) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
  state.counters["body"] = static_cast<double>(body.size());
  state.counters["allocs"] =
      static_cast<double>(allocated) / static_cast<double>(state.iterations());
}

void read_and_measure(benchmark::State& state, const std::string& body) {
  const TokenWeights weights;
  benchmark::DoNotOptimize(protocol::read_conversation(body));
  const std::size_t before = allocations;
  for (auto _ : state) {
    const auto conversation = protocol::read_conversation(body);
    if (!conversation) return state.SkipWithError(conversation.error().message.c_str());
    benchmark::DoNotOptimize(measure(*conversation, weights));
  }
  finish(state, body, allocations - before);
}

void measure_only(benchmark::State& state, const std::string& body) {
  const auto conversation = protocol::read_conversation(body);
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(measure(*conversation, {}));
  finish(state, body, allocations - before);
}

void check_text_only(benchmark::State& state, const std::string& body) {
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(json::check_text(body));
  finish(state, body, allocations - before);
}

void count_bytes_only(benchmark::State& state, const std::string& body) {
  const std::size_t before = allocations;
  for (auto _ : state) {
    protocol::ByteClasses classes;
    protocol::count_bytes(body, classes);
    benchmark::DoNotOptimize(classes);
  }
  finish(state, body, allocations - before);
}

// Mean error after 20 requests of the kind, in per cent.
void token_error(benchmark::State& state, const char* kind) {
  const auto texts = golden_texts(kind, "o200k_base");
  double error = 0;
  for (auto _ : state) {
    TokenCalibration calibration;
    error = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto truth = static_cast<double>(texts[i].tokens);
      const auto estimate = estimate_tokens(texts[i].sample, calibration.weights());
      if (i >= 20) error += std::abs(static_cast<double>(estimate) - truth) / truth;
      calibration.learn(texts[i].sample, texts[i].tokens);
    }
  }
  state.counters["error_percent"] = 100 * error / static_cast<double>(texts.size() - 20);
}

const std::string kSmall = small_body();
const std::string kLarge = large_body();
BENCHMARK_CAPTURE(read_and_measure, 2KB, kSmall);
BENCHMARK_CAPTURE(read_and_measure, 2MB, kLarge);
BENCHMARK_CAPTURE(measure_only, 2KB, kSmall);
BENCHMARK_CAPTURE(measure_only, 2MB, kLarge);
BENCHMARK_CAPTURE(check_text_only, 2KB, kSmall);
BENCHMARK_CAPTURE(check_text_only, 2MB, kLarge);
BENCHMARK_CAPTURE(count_bytes_only, 2KB, kSmall);
BENCHMARK_CAPTURE(count_bytes_only, 2MB, kLarge);
BENCHMARK_CAPTURE(token_error, prose, "prose");
BENCHMARK_CAPTURE(token_error, code, "code");
BENCHMARK_CAPTURE(token_error, chinese, "chinese");
BENCHMARK_CAPTURE(token_error, json, "json");
BENCHMARK_CAPTURE(token_error, operators, "operators");
BENCHMARK_CAPTURE(token_error, python, "python");
BENCHMARK_CAPTURE(token_error, tool_results, "tool_results");

}  // namespace
}  // namespace tidegate::workload
