#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace tidegate::bench {

std::string Sample::json() {
  if (values_.empty()) return "null";
  std::ranges::sort(values_);
  const auto at = [this](double share) {
    const auto last = static_cast<double>(values_.size() - 1);
    return static_cast<double>(values_[static_cast<std::size_t>(share * last)]) / 1e3;
  };
  const double sum = std::accumulate(values_.begin(), values_.end(), 0.0);
  return fmt::format(R"({{"p50":{:.1f},"p90":{:.1f},"p99":{:.1f},"p99_9":{:.1f},"mean":{:.1f}}})",
                     at(0.5), at(0.9), at(0.99), at(0.999),
                     sum / static_cast<double>(values_.size()) / 1e3);
}

void Report::print() {
  const double seconds = std::chrono::duration<double>(lasted).count();
  std::erase_if(first_error, [](char c) { return c == '"' || c == '\\' || c < ' '; });
  fmt::print(
      R"({{"requests":{},"errors":{},"first_error":"{}","connects":{},"bytes":{},"events":{},)"
      R"("seconds":{:.3f},"rate":{:.1f},"latency_us":{},"from_send_us":{},"first_byte_us":{}}})"
      "\n",
      requests, errors, first_error, connects, bytes, events, seconds,
      static_cast<double>(requests) / std::max(seconds, 1e-9), latency.json(), from_send.json(),
      first_byte.json());
  std::fflush(stdout);
}

}  // namespace tidegate::bench
