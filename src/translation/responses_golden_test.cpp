// Judges the Responses surface by the cases in tests/golden/translation/responses: what a request
// is understood as (turns.txt), how it is written for a provider (upstream.<dialect>.json, with
// notes.<dialect>.txt where something was left out), what becomes of a provider's stream
// (upstream.sse, client.sse) and of its whole answer (answer.json, client.json).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "http/sse_scanner.h"
#include "protocol/test_golden.h"
#include "translation/codec.h"

namespace tidegate::translation {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/translation/responses";

// With TIDEGATE_WRITE_GOLDEN=1 the files are written instead, to be read before they are committed.
void expect_file(const std::string& actual, const fs::path& path) {
  if (std::getenv("TIDEGATE_WRITE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  const std::string expected = read_golden(path);
  if (path.extension() == ".json") {
    EXPECT_EQ(compact(actual), compact(expected)) << path;
  } else {
    EXPECT_EQ(actual, expected) << path;
  }
}

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
constexpr std::string_view kKinds[] = {"text",  "refusal",  "reasoning", "tool_call", "tool_result",
                                       "image", "document", "audio",     "other"};
constexpr std::string_view kSeals[] = {"",
                                       "anthropic_signature",
                                       "anthropic_redacted",
                                       "openai_encrypted",
                                       "gemini_signature",
                                       "openrouter_details"};

// A line for each turn and each of its parts.
std::string describe(const Request& request) {
  std::string out;
  const auto word = [&](std::string_view text) {
    if (!text.empty()) out.append(" ").append(text);
  };
  for (const Turn& turn : request.turns) {
    out.append(kRoles[static_cast<std::size_t>(turn.role)]).append("\n");
    for (const Part* part = request.begin(turn); part != request.end(turn); ++part) {
      out.append("  ").append(kKinds[static_cast<std::size_t>(part->kind)]);
      for (const auto text :
           {part->id, part->name, kSeals[static_cast<std::size_t>(part->seal)], part->proof,
            part->maker, part->media_type, part->data, part->url, part->file_id, part->arguments}) {
        word(text);
      }
      if (!part->text.empty()) out.append(" \"").append(part->text).append("\"");
      out += '\n';
    }
  }
  return out;
}

void judge_request(const fs::path& dir) {
  const std::string body = read_golden(dir / "request.json");
  const auto request = kResponsesCodec.read_request(body);
  ASSERT_TRUE(request) << request.error().message << " " << request.error().field;
  expect_file(describe(*request), dir / "turns.txt");
  struct Target {
    const Codec* codec;
    const protocol::DialectTable* dialect;
  };
  for (const auto& [to, dialect] :
       {Target{&kResponsesCodec, &protocol::kOpenAi}, Target{&kResponsesCodec, &protocol::kVllm},
        Target{&kChatCodec, &protocol::kDeepSeek}}) {
    const std::string name(dialect->name);
    const fs::path expected = dir / ("upstream." + name + ".json");
    if (!fs::exists(expected)) continue;
    std::string out;
    Notes notes;
    ASSERT_TRUE(to->write_request(*request, *dialect, "served", out, notes));
    expect_file(out, expected);
    std::string said;
    for (const std::string& note : notes.all()) said.append(note).append("\n");
    if (!said.empty()) expect_file(said, dir / ("notes." + name + ".txt"));
  }
}

// Feeds an encoder.
struct Into final : EventSink {
  explicit Into(std::unique_ptr<StreamEncoder> to) : encoder(std::move(to)) {}
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder;
  std::string out;
};

AnswerContext context() {
  AnswerContext context;
  context.id = "A1";
  context.model = "tide";
  context.created = 1780000000;
  context.want_proof = true;
  context.maker = "openai/gpt-5.5";
  return context;
}

void judge_stream(const fs::path& dir) {
  const std::string bytes = read_golden(dir / "upstream.sse");
  const auto decoder = kResponsesCodec.stream_decoder(protocol::kOpenAi);
  Into client(kResponsesCodec.stream_encoder(context()));
  http::SseScanner scanner;
  http::SseEvent event;
  std::string_view input = bytes;
  while (scanner.next(input, event).value()) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const auto decoded = decoder->decode({}, event.data, client);
    ASSERT_TRUE(decoded) << decoded.error().message << " at " << event.data;
  }
  EXPECT_EQ(decoder->done(), client.out.find("response.failed") == std::string::npos);
  expect_file(client.out, dir / "client.sse");
}

void judge_answer(const fs::path& dir) {
  Into client(kResponsesCodec.answer_encoder(context()));
  const std::string body = read_golden(dir / "answer.json");
  ASSERT_TRUE(kResponsesCodec.read_answer(body, protocol::kOpenAi, client));
  expect_file(client.out, dir / "client.json");
}

class GoldenResponses : public testing::TestWithParam<std::string> {};

TEST_P(GoldenResponses, is_translated) {
  const fs::path dir = kCases / GetParam();
  if (fs::exists(dir / "request.json")) judge_request(dir);
  if (fs::exists(dir / "upstream.sse")) judge_stream(dir);
  if (fs::exists(dir / "answer.json")) judge_answer(dir);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Case, GoldenResponses, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace tidegate::translation
