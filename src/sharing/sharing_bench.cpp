// What shared limits cost a gateway at 1,000 requests a second: round trips to Redis for 100
// requests, and how much later than with limits of its own the slowest of a hundred decisions is.
// Needs a Redis server: TIDEGATE_BENCH_REDIS_PORT=6379 build/sharing_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "sharing/sharing.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::sharing {
namespace {

constexpr int kRequests = 3000;
constexpr Duration kBetween = 1ms;

struct Times {
  double p99_us = 0;
  int refused = 0;
};

// As requests of a gateway: each takes a place, tokens and a request, and is settled.
Times ask(RateLimiter& limiter, const Clock& clock) {
  std::vector<Duration> took;
  took.reserve(kRequests);
  Times times;
  TimePoint next = clock.now();
  for (int i = 0; i < kRequests; ++i) {
    next += kBetween;
    std::this_thread::sleep_until(next);
    const TimePoint begin = clock.now();
    auto got = limiter.try_acquire({.input = 1000, .output = 500});
    if (got) {
      got->settle({.input = 1000, .output = 200});
    } else {
      ++times.refused;
    }
    took.push_back(clock.now() - begin);
  }
  std::ranges::sort(took);
  times.p99_us = std::chrono::duration<double, std::micro>(took[kRequests * 99 / 100]).count();
  return times;
}

void shared_limits(benchmark::State& state) {
  const char* text = std::getenv("TIDEGATE_BENCH_REDIS_PORT");
  std::uint16_t port = 0;
  if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), port);
  if (port == 0) {
    state.SkipWithError("TIDEGATE_BENCH_REDIS_PORT does not name the port of a Redis server");
    return;
  }
  const SystemClock clock;
  const RateLimits limits{
      .requests_per_second = 10'000, .tokens_per_minute = 1e9, .max_concurrent = 500};
  const auto log = telemetry::Log::open({.path = "/dev/null"}, clock);
  for (auto _ : state) {
    const auto local = *RateLimiter::create(limits, clock);
    Sharing sharing(clock, {{.host = "127.0.0.1", .port = port}, "bench", 1}, **log);
    const auto shared = *RateLimiter::create(limits, clock);
    shared->share(sharing.lender(), "bench");
    sharing.start();
    while (!sharing.connected()) std::this_thread::sleep_for(1ms);
    (void)ask(*shared, clock);  // until slices are as large as the demand
    const std::uint64_t before = sharing.link().rounds;
    const Times with = ask(*shared, clock);
    const auto rounds = static_cast<double>(sharing.link().rounds - before);
    const Times without = ask(*local, clock);
    if (with.refused > 0) state.SkipWithError("requests were refused far below the limit");
    state.counters["round_trips_per_100"] = rounds * 100 / kRequests;
    state.counters["p99_later_us"] = std::max(with.p99_us - without.p99_us, 0.0);
    sharing.stop();
  }
}
BENCHMARK(shared_limits)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidegate::sharing
