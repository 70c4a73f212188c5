// Eight threads share a limit of 50 requests a second, five at once, and 60,000 tokens a minute.
// Each request reserves an estimate, waits for its turn, and settles what it really used.
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "tidegate/acquire.h"

int main() {
  using namespace std::chrono_literals;
  const tidegate::SystemClock clock;
  const auto limiter = tidegate::RateLimiter::create(
      {.requests_per_second = 50, .tokens_per_minute = 60'000, .max_concurrent = 5}, clock);
  if (!limiter) {
    std::fprintf(stderr, "%s\n", limiter.error().message.c_str());
    return 1;
  }
  std::atomic<int> done{0};
  std::atomic<long> tokens{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int request = 0; request < 8; ++request) {
        auto reservation = tidegate::acquire_for(**limiter, {.input = 400, .output = 500}, 10s);
        if (!reservation) {
          std::fprintf(stderr, "%s\n", reservation.error().error().message.c_str());
          continue;
        }
        // Here a request would be sent.
        reservation->settle({.input = 410, .output = 80});
        tokens += 410 + 80;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto standing = (*limiter)->tokens_standing(clock.now());
  std::printf("%d requests, %ld tokens; %lld of %lld tokens remain\n", done.load(), tokens.load(),
              static_cast<long long>(standing->remaining), static_cast<long long>(standing->limit));
  return done == 64 ? 0 : 1;
}
