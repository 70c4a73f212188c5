// Judges the Messages surface by the cases in tests/golden/translation/messages, each named after
// what it proves. What a case holds says what is done with it:
//   request.json [model.txt]  -> turns.txt (what we understood), upstream.json (written again for
//                                Anthropic), notes.txt; or error.txt, where it is refused
//                                and deepseek.json (written for DeepSeek's chat surface, if there)
//   upstream.sse              -> client.sse: a stream read and written again
//   deepseek.sse              -> client.sse: a stream of the chat surface
//   answer.json               -> client.json: the same for a whole answer
//   body.json                 -> repaired.json, notes.txt: what goes to Anthropic untranslated
// TIDEGATE_WRITE_GOLDEN=1 writes the expected files anew, to be read before they are committed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "http/sse_scanner.h"
#include "protocol/test_golden.h"
#include "translation/codec.h"
#include "translation/cut.h"
#include "translation/messages_repair.h"

namespace tidegate::translation {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/translation/messages";

void expect_file(const fs::path& path, std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  if (std::getenv("TIDEGATE_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(read_golden(path), text) << path;
}

std::string lines(const Notes& notes) {
  std::string out;
  for (const std::string& note : notes.all()) out += note + "\n";
  return out.empty() ? "none\n" : out;
}

std::string_view name(Role role) {
  constexpr std::string_view kNames[] = {"system", "developer", "user", "assistant", "tool"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string_view name(Part::Kind kind) {
  constexpr std::string_view kNames[] = {"text",      "refusal",     "reasoning",
                                         "tool_call", "tool_result", "image",
                                         "document",  "audio",       "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name(Seal seal) {
  constexpr std::string_view kNames[] = {"none",
                                         "anthropic_signature",
                                         "anthropic_redacted",
                                         "openai_encrypted",
                                         "gemini_signature",
                                         "openrouter_details"};
  return kNames[static_cast<std::size_t>(seal)];
}

std::string describe(const Request& request) {
  std::string out;
  for (const Turn& turn : request.turns) {
    out.append(name(turn.role)).append(turn.joined ? " joined" : "");
    out.append(turn.prefix ? " prefix\n" : "\n");
    for (const Part* part = request.begin(turn); part != request.end(turn); ++part) {
      out.append(part->in_result ? "    " : "  ").append(name(part->kind));
      if (part->is_error) out += " error";
      if (part->seal != Seal::none) out.append(" seal=").append(name(part->seal));
      const auto say = [&](std::string_view what, std::string_view value) {
        if (!value.empty()) out.append(" ").append(what).append("=").append(value);
      };
      say("maker", part->maker);
      say("id", part->id);
      say("name", part->name);
      say("media_type", part->media_type);
      say("data", part->data);
      say("url", part->url);
      say("file_id", part->file_id);
      say("proof", part->proof);
      say("arguments", part->arguments);
      say("text", part->text);
      say("cache_control", part->cache_control);
      say("citations", part->citations);
      out += '\n';
    }
  }
  return out;
}

void check_request(const fs::path& folder) {
  const std::string body = read_golden(folder / "request.json");
  std::string model = read_golden(folder / "model.txt");
  while (model.ends_with('\n')) model.pop_back();
  const auto request = kMessagesCodec.read_request(body);
  if (!request) {
    expect_file(folder / "error.txt", request.error().field + "\n" + request.error().message);
    return;
  }
  EXPECT_FALSE(fs::exists(folder / "error.txt")) << "not refused";
  expect_file(folder / "turns.txt", describe(*request));
  std::string upstream;
  Notes notes;
  const auto good = kMessagesCodec.write_request(
      *request, protocol::kAnthropic, model.empty() ? request->model : model, upstream, notes);
  ASSERT_TRUE(good.has_value()) << good.error().message;
  expect_file(folder / "upstream.json", upstream);
  expect_file(folder / "notes.txt", lines(notes));
  if (!fs::exists(folder / "deepseek.json")) return;
  std::string deepseek;
  ASSERT_TRUE(
      kChatCodec.write_request(*request, protocol::kDeepSeek, "deepseek-v4-pro", deepseek, notes));
  expect_file(folder / "deepseek.json", deepseek);
}

AnswerContext context(std::string_view maker = "anthropic/claude-opus-4-7") {
  AnswerContext context;
  context.id = "0123";
  context.model = "claude-opus-4-7";
  context.estimated_prompt = 100;
  context.maker = maker;
  return context;
}

struct Writer : EventSink {
  explicit Writer(std::unique_ptr<StreamEncoder> with) : encoder(std::move(with)) {}
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder;
  std::string out;
};

void check_stream(const fs::path& folder, std::string_view file,
                  std::unique_ptr<StreamDecoder> decoder, std::string_view maker) {
  const std::string bytes = read_golden(folder / file);
  Writer writer(kMessagesCodec.stream_encoder(context(maker)));
  http::SseScanner scanner;
  http::SseEvent event;
  std::string_view input = bytes;
  while (scanner.next(input, event).value()) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const auto good = decoder->decode(event.name, event.data, writer);
    if (good) continue;
    expect_file(folder / "error.txt", good.error().message);
    return;
  }
  EXPECT_FALSE(fs::exists(folder / "error.txt")) << "not refused";
  EXPECT_EQ(decoder->done(), writer.out.contains("message_stop"));
  expect_file(folder / "client.sse", writer.out);
}

void check_answer(const fs::path& folder) {
  Writer writer(kMessagesCodec.answer_encoder(context()));
  const auto good =
      kMessagesCodec.read_answer(read_golden(folder / "answer.json"), protocol::kAnthropic, writer);
  ASSERT_TRUE(good.has_value()) << good.error().message;
  expect_file(folder / "client.json", writer.out);
}

void check_repair(const fs::path& folder) {
  const std::string body = read_golden(folder / "body.json");
  Notes notes;
  const auto request = kMessagesCodec.read_request(body);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const auto cuts = needs_messages_repair(*request, {}) ? repair_messages(body, {}, notes)
                                                        : Result<std::vector<Cut>>{};
  ASSERT_TRUE(cuts.has_value()) << cuts.error().message;
  expect_file(folder / "repaired.json", translation::apply(body, *cuts));
  expect_file(folder / "notes.txt", lines(notes));
}

TEST(MessagesGolden, cases_hold) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    SCOPED_TRACE(entry.path());
    if (fs::exists(entry.path() / "request.json")) ++cases, check_request(entry.path());
    if (fs::exists(entry.path() / "upstream.sse")) {
      ++cases;
      check_stream(entry.path(), "upstream.sse",
                   kMessagesCodec.stream_decoder(protocol::kAnthropic),
                   "anthropic/claude-opus-4-7");
    }
    if (fs::exists(entry.path() / "deepseek.sse")) {
      ++cases;
      check_stream(entry.path(), "deepseek.sse", kChatCodec.stream_decoder(protocol::kDeepSeek),
                   "deepseek/deepseek-v4-pro");
    }
    if (fs::exists(entry.path() / "answer.json")) ++cases, check_answer(entry.path());
    if (fs::exists(entry.path() / "body.json")) ++cases, check_repair(entry.path());
  }
  EXPECT_GE(cases, 20U);
}

}  // namespace
}  // namespace tidegate::translation
