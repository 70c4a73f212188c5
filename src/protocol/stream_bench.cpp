// Budget of StreamReader: 0.25 us for a content chunk of 237 bytes. The texts differ in size and in
// bytes; "parsed" has another id in each chunk, so that every chunk needs the JSON parser.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "protocol/stream.h"

namespace tidegate::protocol {
namespace {

std::vector<std::string> chunks(std::string_view kind) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::string text =
        kind == "chinese" ? "\u4f60\u597d\u4e16\u754c" : " words\\n" + std::string(i % 5, 'a');
    made.push_back(fmt::format(
        R"({{"id":"chatcmpl-0123456789abcdef0123{:04}","object":"chat.completion.chunk",)"
        R"("created":1780000000,"model":"deepseek-v4-pro","system_fingerprint":"fp_0123456",)"
        R"("choices":[{{"index":0,"delta":{{"content":"{}"}},"finish_reason":null}}]{}}})",
        kind == "parsed" ? i : 0, text,
        kind == "obfuscated" ? fmt::format(R"(,"obfuscation":"{}")", text) : ""));
  }
  return made;
}

void BM_StreamReader(benchmark::State& state, std::string_view kind) {
  const std::vector<std::string> events = chunks(kind);
  StreamReader stream;
  std::size_t read = 0;
  for (auto _ : state) {
    for (const std::string& event : events) {
      if (stream.read(event) != EventClass::content) state.SkipWithError("not content");
    }
    read += events.size();
  }
  state.counters["per_event"] = benchmark::Counter(
      static_cast<double>(read), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["event_bytes"] = static_cast<double>(events[2].size());
}
BENCHMARK_CAPTURE(BM_StreamReader, ascii, "ascii");
BENCHMARK_CAPTURE(BM_StreamReader, chinese, "chinese");
BENCHMARK_CAPTURE(BM_StreamReader, obfuscated, "obfuscated");
BENCHMARK_CAPTURE(BM_StreamReader, parsed, "parsed");

}  // namespace
}  // namespace tidegate::protocol
