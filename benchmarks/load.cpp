// bench_load: drives an OpenAI-compatible endpoint on 127.0.0.1 and prints what it saw as JSON.
//
//   closed   --port P --connections C (--seconds S | --requests N) [--body small|large] [--unique]
//   open     --port P --connections C --rate R --seconds S
//   streams  --port P --streams N [--ramp S] [--messages]
//   hold     --port P --streams N [--ramp S] [--messages]
//
// open: Poisson arrivals; latency counts from the intended start of each request. streams: N at a
// time, each read to its end. hold: N that begin and stay open until standard input ends. --unique:
// nothing in a request comes twice. --messages: as a client of Anthropic's Messages. --key K: of
// the client, in any mode.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>

#include "driver.h"
#include "options.h"

namespace tidegate::bench {
namespace {

Duration seconds(double value) { return Duration(static_cast<std::int64_t>(value * 1e9)); }

std::vector<Duration> poisson(double rate, double lasting) {
  std::mt19937_64 random(std::random_device{}());
  std::exponential_distribution<double> gap(rate);
  std::vector<Duration> starts;
  for (double at = gap(random); at < lasting; at += gap(random)) starts.push_back(seconds(at));
  return starts;
}

std::vector<Duration> evenly(int count, double ramp) {
  std::vector<Duration> starts;
  for (int i = 0; i < count; ++i) starts.push_back(seconds(ramp * i / count));
  return starts;
}

int run(const std::string& mode, const Options& options) {
  prepare_process();
  const bool large = options.text("body", "small") == "large";
  const bool stream = mode == "streams" || mode == "hold";
  const double lasting = options.number("seconds", 2);
  Requests requests({.size = large ? BodySize::large : BodySize::small,
                     .stream = stream,
                     .unique = options.has("unique"),
                     .messages = options.has("messages"),
                     .key = options.text("key", Kind{}.key),
                     .model = options.text("model", "auto")},
                    large ? 256 : 1024);
  Plan plan;
  plan.port = options.integer("port", 8080);
  plan.connections = options.integer(stream ? "streams" : "connections", 64);
  plan.give_up_after = seconds(options.number("timeout", lasting + 20));
  if (mode == "closed") {
    plan.closed_requests = static_cast<std::uint64_t>(options.number("requests", 0));
    plan.closed_for = seconds(lasting);
  } else if (mode == "open") {
    plan.schedule = poisson(options.number("rate", 2000), lasting);
  } else if (stream) {
    plan.schedule = evenly(plan.connections, options.number("ramp", 0.4));
    plan.until_first_byte = mode == "hold";
  } else {
    fmt::print(stderr, "unknown mode {}; expected closed, open, streams or hold\n", mode);
    return 2;
  }
  Driver driver(std::move(plan), requests);
  driver.run().print();
  if (mode == "hold") {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
  }
  return 0;
}

}  // namespace
}  // namespace tidegate::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_load closed|open|streams|hold --port P ...\n");
    return 2;
  }
  return tidegate::bench::run(argv[1], tidegate::bench::Options(argc - 1, argv + 1));
}
