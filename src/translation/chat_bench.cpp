// Budgets: reading and writing a history of 1 MB at 300 MB/s or more; a stream's chunk without
// allocations. The history is of a coding agent: long results, short texts, reasoning in each turn.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "translation/codec.h"
#include "translation/dsml_filter.h"

namespace tidegate::translation {
namespace {

std::string history(std::size_t bytes) {
  std::string file;
  for (int i = 0; i < 40; ++i)
    file += fmt::format("{:4}  if (name == \\\"value_{}\\\") return \\\"\\\\t\\\";\\n", i, i);
  std::string body = R"({"model":"auto","stream":true,"tools":[)"
                     R"({"type":"function","function":{"name":"read_file","parameters":{}}}],)"
                     R"("messages":[{"role":"system","content":"You are a coding agent."},)"
                     R"({"role":"user","content":"Mend the parser."})";
  for (int i = 0; body.size() < bytes; ++i)
    body += fmt::format(
        R"(,{{"role":"assistant","content":"","reasoning_content":"Step {0}: the file must be read before it is changed, since its tests fail.","tool_calls":[{{"id":"call_{0}","type":"function","function":{{"name":"read_file","arguments":"{{\"path\":\"src/file_{0}.cpp\"}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{0}","content":"{1}"}})",
        i, file);
  return body + "]}";
}

void BM_ChatHistory(benchmark::State& state, const protocol::DialectTable& dialect) {
  const std::string body = history(1'000'000);
  std::string out;
  for (auto _ : state) {
    const auto request = kChatCodec.read_request(body);
    Notes notes;
    out.clear();
    if (!request || !kChatCodec.write_request(*request, dialect, "m", out, notes))
      return state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK_CAPTURE(BM_ChatHistory, deepseek, protocol::kDeepSeek);
BENCHMARK_CAPTURE(BM_ChatHistory, openrouter, protocol::kOpenRouter);

class Encoding : public EventSink {
 public:
  explicit Encoding(StreamEncoder& encoder) : encoder_(encoder) {}
  void take(const Event& event) override { encoder_.encode(event, out); }
  std::string out;

 private:
  StreamEncoder& encoder_;
};

void BM_ChatChunk(benchmark::State& state, bool filtered) {
  const std::string chunk =
      R"({"id":"chatcmpl-0123456789abcdef01230000","object":"chat.completion.chunk","created":1780000000,"model":"deepseek-v4-pro","system_fingerprint":"fp_0123456","choices":[{"index":0,"delta":{"content":" words\n and"},"finish_reason":null}]})";
  const auto decoder = kChatCodec.stream_decoder(protocol::kDeepSeek);
  AnswerContext context;
  context.id = "1";
  context.model = "m";
  const auto encoder = kChatCodec.stream_encoder(context);
  Encoding encoding(*encoder);
  DsmlFilter filter(encoding, {"read_file"}, "1");
  EventSink& sink = filtered ? static_cast<EventSink&>(filter) : encoding;
  for (auto _ : state) {
    encoding.out.clear();
    if (!decoder->decode({}, chunk, sink)) return state.SkipWithError("not a chunk");
    benchmark::DoNotOptimize(encoding.out.data());
  }
  state.counters["chunk_bytes"] = static_cast<double>(chunk.size());
}
BENCHMARK_CAPTURE(BM_ChatChunk, plain, false);
BENCHMARK_CAPTURE(BM_ChatChunk, with_dsml_filter, true);

}  // namespace
}  // namespace tidegate::translation
