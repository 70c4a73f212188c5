// Budget: 0.1 us for an event of 237 bytes.
#include <benchmark/benchmark.h>

#include "http/sse_scanner.h"

namespace tidegate::http {
namespace {

const std::string kEvent =
    R"(data: {"id":"chatcmpl-0123456789abcdef01234567","object":"chat.completion.chunk",)"
    R"("created":1780000000,"model":"deepseek-v4-pro","system_fingerprint":"fp_0123456789",)"
    R"("choices":[{"index":0,"delta":{"content":" words"},"finish_reason":null}]})"
    "\n\n";

void BM_SseScanner(benchmark::State& state) {
  std::string stream;
  for (int i = 0; i < 64; ++i) stream += kEvent;
  // The size of a read; the events are cut where it ends.
  const auto read = static_cast<std::size_t>(state.range(0));
  SseScanner scanner;
  SseEvent event;
  std::size_t events = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += read) {
      std::string_view input = std::string_view(stream).substr(at, read);
      while (*scanner.next(input, event)) ++events;
    }
    benchmark::DoNotOptimize(event);
  }
  state.counters["per_event"] = benchmark::Counter(
      static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["event_bytes"] = static_cast<double>(kEvent.size());
}
BENCHMARK(BM_SseScanner)->Arg(1 << 20)->Arg(1448)->Arg(100)->Arg(16);

}  // namespace
}  // namespace tidegate::http
