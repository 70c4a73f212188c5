// What a decision costs. Musts: nested_decision at most 150 ns (requests and tokens in four
// scopes); two_threads_one_bucket at least 15 million decisions a second in all, the count exact;
// admitted_in_a_minute within 0.1 % of what is allowed, offered five times as much.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "tidegate/rate_limiter.h"

namespace tidegate {
namespace {

constexpr RateLimits kAmple{.requests_per_second = 1e6, .tokens_per_minute = 1e11};

struct Nest {
  Nest() {
    for (std::size_t i = 0; i < limiters.size(); ++i) {
      owners[i] = std::move(*RateLimiter::create(kAmple, clock));
      limiters[i] = owners[i].get();
    }
  }
  SystemClock clock;
  std::array<std::unique_ptr<RateLimiter>, 4> owners;
  std::array<RateLimiter*, 4> limiters;
};

// Admitted and, as its refund would else have to be paid by somebody, given back.
void nested_decision(benchmark::State& state) {
  Nest nest;
  const TimePoint now = nest.clock.now();
  for (auto _ : state) {
    auto got = acquire_all(nest.limiters, {.input = 1200, .output = 800}, now);
    benchmark::DoNotOptimize(got);
  }
}
BENCHMARK(nested_decision);

TokenBucket& shared_bucket() {
  static TokenBucket bucket = std::move(*TokenBucket::create(5e9, 1'000'000'000));
  return bucket;
}
std::atomic<std::int64_t> admitted{0};

void two_threads_one_bucket(benchmark::State& state) {
  TokenBucket& bucket = shared_bucket();
  const TimePoint now{};  // stands still: nothing is earned, so the count has one right value
  if (state.thread_index() == 0) {
    bucket.refund(bucket.capacity() - bucket.available(now));
    admitted = 0;
  }
  std::int64_t mine = 0;
  for (auto _ : state) mine += bucket.take(1, now).admitted ? 1 : 0;
  admitted += mine;
  state.SetItemsProcessed(state.iterations());
}
// The check follows the last run of all threads.
void exact_count(const benchmark::State&) {
  const std::int64_t taken = shared_bucket().capacity() - shared_bucket().available(TimePoint{});
  if (taken != admitted) {
    std::fprintf(stderr, "admitted %lld, taken %lld\n", static_cast<long long>(admitted.load()),
                 static_cast<long long>(taken));
    std::exit(1);
  }
}
BENCHMARK(two_threads_one_bucket)->Threads(2)->UseRealTime()->Teardown(exact_count);

// A minute of the machine's clock.
void admitted_in_a_minute(benchmark::State& state) {
  constexpr Duration kLong = 60s, kTick = 1ms;
  constexpr double kRate = 20'000;
  constexpr int kOffered = 100;  // in a tick
  const SystemClock clock;
  double off = 0;
  for (auto _ : state) {
    const auto limiter = *RateLimiter::create({.requests_per_second = kRate, .burst = 0.5}, clock);
    std::int64_t passed = 0;
    const TimePoint begin = clock.now();
    TimePoint last = begin;
    for (TimePoint next = begin; next < begin + kLong; next += kTick) {
      std::this_thread::sleep_until(next);
      for (int i = 0; i < kOffered; ++i) {
        last = clock.now();
        RateLimiter* const one = limiter.get();
        auto got = acquire_all({&one, 1}, {}, last);
        if (!got) continue;
        ++passed;
        got->settle({});
      }
    }
    const std::chrono::duration<double> took = last - begin;
    off = (static_cast<double>(passed) / (kRate * took.count() + kRate * 0.5) - 1) * 100;
  }
  state.counters["percent_off"] = off;
}
BENCHMARK(admitted_in_a_minute)->Iterations(1);

}  // namespace
}  // namespace tidegate
