// Budgets: a history of 1 MB is read and written at 300 MB/s and more; an event of a stream is read
// and written in 0.5 us without an allocation.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "translation/codec.h"

namespace tidegate::translation {
namespace {

// What an agent sends: reasoning, a call, its output of some KB, and so on.
std::string history(std::size_t bytes) {
  std::string body =
      R"({"model":"gpt-5.5","instructions":"You are a coding agent.","stream":true,"store":false,)"
      R"("include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"Fix it."})";
  const std::string line = R"(  const auto value = read(\"file\"); // \u00e4\n)";
  for (int i = 0; body.size() < bytes; ++i) {
    std::string output;
    while (output.size() < 4000) output += line;
    body += fmt::format(
        R"(,{{"type":"reasoning","id":"rs_{0}","summary":[],"encrypted_content":"{1}"}},)"
        R"({{"type":"function_call","call_id":"call_{0}","name":"shell","arguments":"{{\"n\":{0}}}"}},)"
        R"({{"type":"function_call_output","call_id":"call_{0}","output":"{2}"}})",
        i, std::string(800, 'g'), output);
  }
  return body + "]}";
}

void BM_ResponsesHistory(benchmark::State& state) {
  const std::string body = history(1 << 20);
  for (auto _ : state) {
    const auto request = kResponsesCodec.read_request(body);
    std::string out;
    Notes notes;
    if (!request || !kResponsesCodec.write_request(*request, protocol::kOpenAi, "m", out, notes)) {
      state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(BM_ResponsesHistory);

struct Into final : EventSink {
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder;
  std::string out;
};

void BM_ResponsesStream(benchmark::State& state) {
  constexpr int kEvents = 1000;
  constexpr std::string_view kDelta =
      R"({"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_0123456789abcdef",)"
      R"("output_index":0,"content_index":0,"delta":" some words","logprobs":[],"obfuscation":"abcd"})";
  for (auto _ : state) {
    AnswerContext context;
    context.id = "01J000000000000000000000";
    context.model = "m";
    Into into;
    into.encoder = kResponsesCodec.stream_encoder(std::move(context));
    const auto decoder = kResponsesCodec.stream_decoder(protocol::kOpenAi);
    for (int i = 0; i < kEvents; ++i) {
      into.out.clear();
      if (!decoder->decode({}, kDelta, into)) state.SkipWithError("refused");
    }
  }
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kEvents),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ResponsesStream);

}  // namespace
}  // namespace tidegate::translation
