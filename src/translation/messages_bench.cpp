// Budgets of the Messages surface: a history of 1 MB read and written again at 300 MB/s or more; a
// stream's chunk decoded and encoded without allocation.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "translation/codec.h"

namespace tidegate::translation {
namespace {

// As Claude Code sends it: a tool loop of small calls and results of some kilobytes of code.
std::string history(std::size_t bytes) {
  std::string code;
  for (int i = 0; i < 60; ++i) {
    code += fmt::format("  if (value[{}] != \\\"x\\\") return fail(path, line);\\n", i);
  }
  std::string body =
      R"({"model":"claude-opus-4-7","max_tokens":8192,"stream":true,"system":"You are an agent.",)"
      R"("messages":[{"role":"user","content":"Fix the build"})";
  for (int i = 0; body.size() < bytes; ++i) {
    body += fmt::format(
        R"(,{{"role":"assistant","content":[{{"type":"thinking","thinking":"Look at file {0}.",)"
        R"("signature":"EqQBCkgIARABGAIiQL2UoU0b1OHYi+{0}"}},{{"type":"tool_use",)"
        R"("id":"toolu_{0:08}","name":"read_file","input":{{"path":"/src/file{0}.cpp","from":1,)"
        R"("lines":[1,{0}]}}}}]}},{{"role":"user","content":[{{"type":"tool_result",)"
        R"("tool_use_id":"toolu_{0:08}","content":[{{"type":"text","text":"{1}"}}]}}]}})",
        i, code);
  }
  return body + "]}";
}

void BM_MessagesRequest(benchmark::State& state) {
  const std::string body = history(1 << 20);
  std::string out;
  for (auto _ : state) {
    out.clear();
    Notes notes;
    const auto request = kMessagesCodec.read_request(body);
    if (!request || !kMessagesCodec.write_request(*request, protocol::kAnthropic, "claude-opus-4-7",
                                                  out, notes)) {
      state.SkipWithError("refused");
      break;
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(BM_MessagesRequest);

struct Writer : EventSink {
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder = kMessagesCodec.stream_encoder({});
  std::string out;
};

void BM_MessagesChunk(benchmark::State& state) {
  const auto decoder = kMessagesCodec.stream_decoder(protocol::kAnthropic);
  Writer writer;
  const auto decode = [&](std::string_view name, std::string_view data) {
    if (!decoder->decode(name, data, writer)) state.SkipWithError("refused");
  };
  decode("message_start", R"({"type":"message_start","message":{"id":"msg_1","model":"m"}})");
  decode("content_block_start",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
  constexpr std::string_view kChunk =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta",)"
      R"("text":" a few words of the answer,\nas they come"}})";
  for (auto _ : state) {
    writer.out.clear();
    decode("content_block_delta", kChunk);
    benchmark::DoNotOptimize(writer.out.data());
  }
}
BENCHMARK(BM_MessagesChunk);

}  // namespace
}  // namespace tidegate::translation
