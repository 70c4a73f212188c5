// Budget of AnswerReader: 2500 instructions for an answer of 1.95 KB. Ids, times, texts and counts
// differ; "parsed" has another model in each answer, so that every one needs the JSON parser.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "protocol/answer_reader.h"

namespace tidegate::protocol {
namespace {

std::vector<std::string> answers(std::string_view kind) {
  std::vector<std::string> made;
  for (int i = 0; i < 64; ++i) {
    std::string text;
    const std::size_t size = 1560 + static_cast<std::size_t>(i % 5);
    while (text.size() < size) {
      text += kind == "chinese"   ? "\u4f60\u597d\u4e16\u754c"
              : kind == "escaped" ? "The reader keeps its places.\\n"
                                  : "The reader keeps its places. ";
    }
    made.push_back(fmt::format(
        R"({{"id":"chatcmpl-8f2b61c0d9a7{:04}","object":"chat.completion","created":178200{:04},)"
        R"("model":"bench-wire-model{}","choices":[{{"index":0,"message":{{"role":"assistant",)"
        R"("content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":)"
        R"({{"prompt_tokens":{},"completion_tokens":301,"total_tokens":713,)"
        R"("prompt_tokens_details":{{"cached_tokens":256}}}},"system_fingerprint":"fp_{}"}})",
        i, i, kind == "parsed" ? i : 0, text, 400 + i, i));
  }
  return made;
}

void BM_AnswerReader(benchmark::State& state, std::string_view kind) {
  const std::vector<std::string> bodies = answers(kind);
  AnswerReader reader;
  std::size_t read = 0;
  for (auto _ : state) {
    for (const std::string& body : bodies) {
      if (const auto answer = reader.read(body); !answer || answer->usage->prompt < 400)
        state.SkipWithError("not understood");
    }
    read += bodies.size();
  }
  state.counters["per_answer"] = benchmark::Counter(
      static_cast<double>(read), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["answer_bytes"] = static_cast<double>(bodies[2].size());
}
BENCHMARK_CAPTURE(BM_AnswerReader, ascii, "ascii");
BENCHMARK_CAPTURE(BM_AnswerReader, escaped, "escaped");
BENCHMARK_CAPTURE(BM_AnswerReader, chinese, "chinese");
BENCHMARK_CAPTURE(BM_AnswerReader, parsed, "parsed");

}  // namespace
}  // namespace tidegate::protocol
