// What a load run found, as one JSON object on standard output. Used by the load generator.
// A plain value, not shared between threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sockets.h"

namespace tidegate::bench {

// Durations of many requests; sorted when asked for percentiles.
class Sample {
 public:
  void add(Duration duration) { values_.push_back(duration.count()); }
  [[nodiscard]] std::string json();  // {"p50":..,"p90":..,"p99":..,"p99_9":..,"mean":..} in us

 private:
  std::vector<std::int64_t> values_;
};

struct Report {
  std::uint64_t requests = 0;  // good answers
  std::uint64_t errors = 0;
  std::string first_error;
  std::uint64_t connects = 0;
  std::uint64_t bytes = 0;   // of bodies
  std::uint64_t events = 0;  // server-sent
  Duration lasted{};
  Sample latency;     // intended start to the answer's end
  Sample from_send;   // first byte written to the answer's end
  Sample first_byte;  // intended start to the answer's first body byte

  void print();
};

}  // namespace tidegate::bench
