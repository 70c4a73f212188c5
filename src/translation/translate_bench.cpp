// Budget: a history of 1 MB read and written for a provider of another surface at 300 MB/s or more,
// 3.3 ms. It is a coding agent's: long results, short texts, a call and reasoning in each step.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "translation/codec.h"

namespace tidegate::translation {
namespace {

constexpr std::size_t kBytes = 1'000'000;

std::string file() {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("  if (value[{}] != \\\"x\\\") return fail(path, line);\\n", i);
  }
  return text;
}

// `step` is a format of a step's number and its file's text.
std::string history(std::string_view begin, fmt::string_view step) {
  const std::string text = file();
  std::string body(begin);
  for (int i = 0; body.size() < kBytes; ++i) {
    body += fmt::vformat(step, fmt::make_format_args(i, text));
  }
  return body + "]}";
}

std::string messages() {
  return history(
      R"({"model":"auto","max_tokens":8192,"stream":true,"system":"You are an agent.","messages":[{"role":"user","content":"Fix it"})",
      R"(,{{"role":"assistant","content":[{{"type":"thinking","thinking":"Look at file {0}.","signature":"EqQBCkgIARABGAIiQL2UoU0b1OHYi"}},{{"type":"tool_use","id":"toolu_{0}","name":"read_file","input":{{"path":"/src/file{0}.cpp"}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{0}","content":[{{"type":"text","text":"{1}"}}]}}]}})");
}

std::string chat() {
  return history(
      R"({"model":"auto","stream":true,"messages":[{"role":"system","content":"You are an agent."},{"role":"user","content":"Fix it"})",
      R"(,{{"role":"assistant","content":"","reasoning_content":"Look at file {0}.","tool_calls":[{{"id":"call_{0}","type":"function","function":{{"name":"read_file","arguments":"{{\"path\":\"/src/file{0}.cpp\"}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{0}","content":"{1}"}})");
}

std::string responses() {
  return history(
      R"({"model":"auto","instructions":"You are an agent.","stream":true,"store":false,"input":[{"role":"user","content":"Fix it"})",
      R"(,{{"type":"reasoning","id":"rs_{0}","summary":[],"content":[{{"type":"reasoning_text","text":"Look at file {0}."}}]}},{{"type":"function_call","call_id":"call_{0}","name":"read_file","arguments":"{{\"path\":\"/src/file{0}.cpp\"}}"}},{{"type":"function_call_output","call_id":"call_{0}","output":"{1}"}})");
}

void translate_1mb(benchmark::State& state, const std::string& body, const Codec& from,
                   const Codec& to, const protocol::DialectTable& dialect) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    Notes notes;
    const auto request = from.read_request(body);
    if (!request || !to.write_request(*request, dialect, "m", out, notes)) {
      return state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(translate_1mb, messages_to_deepseek, messages(), kMessagesCodec, kChatCodec,
                  protocol::kDeepSeek);
BENCHMARK_CAPTURE(translate_1mb, chat_to_claude, chat(), kChatCodec, kMessagesCodec,
                  protocol::kAnthropic);
BENCHMARK_CAPTURE(translate_1mb, responses_to_deepseek, responses(), kResponsesCodec, kChatCodec,
                  protocol::kDeepSeek);

}  // namespace
}  // namespace tidegate::translation
