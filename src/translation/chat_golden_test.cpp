// Judges the chat surface by the cases in tests/golden/translation/chat: what a client sends and
// what its provider gets (request.json, upstream.json, notes.txt or error.txt), or what a provider
// streams and the client gets (upstream.sse, client.sse). about.txt says what a case proves, and in
// lines after that "provider:", "model:" and "tools:", those whose leaked calls are believed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "http/sse_scanner.h"
#include "json/reader.h"
#include "protocol/test_golden.h"
#include "translation/codec.h"
#include "translation/dsml_filter.h"

namespace tidegate::translation {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/translation/chat";

struct About {
  std::map<std::string, std::string, std::less<>> lines;
  [[nodiscard]] std::string get(std::string_view key, std::string otherwise) const {
    const auto line = lines.find(key);
    return line == lines.end() ? otherwise : line->second;
  }
};

About about(const fs::path& dir) {
  About out;
  std::ifstream file(dir / "about.txt");
  EXPECT_TRUE(file.good()) << dir;
  for (std::string line; std::getline(file, line);) {
    if (const std::size_t colon = line.find(": "); colon != std::string::npos)
      out.lines[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return out;
}

const protocol::DialectTable& dialect(std::string_view name) {
  for (const auto* table :
       {&protocol::kOpenAi, &protocol::kDeepSeek, &protocol::kKimi, &protocol::kGemini,
        &protocol::kVllm, &protocol::kSglang, &protocol::kLlamaCpp, &protocol::kOpenRouter}) {
    if (table->name == name) return *table;
  }
  EXPECT_EQ(name, "openai_compatible");
  return protocol::kOpenAiCompatible;
}

void compare(const fs::path& path, const std::string& actual, bool json) {
  std::string expected = read_golden(path);
  if (json) {
    EXPECT_EQ(actual, compact(expected)) << path;
    json::Reader reader(json::CheckedText{actual});
    EXPECT_TRUE(reader.skip() && reader.finish()) << actual;
  } else {
    if (expected.ends_with('\n') && !actual.ends_with('\n')) expected.pop_back();
    EXPECT_EQ(actual, expected) << path;
  }
}

void check_request(const fs::path& dir) {
  const About said = about(dir);
  const protocol::DialectTable& table = dialect(said.get("provider", "deepseek"));
  const std::string model = said.get("model", "wire-model");
  const std::string body = read_golden(dir / "request.json");
  const auto request = kChatCodec.read_request(body);
  Notes notes;
  std::string out;
  Error error;
  if (!request) {
    error = request.error();
  } else if (auto written = kChatCodec.write_request(*request, table, model, out, notes);
             !written) {
    error = written.error();
  }
  if (!error.message.empty()) {
    return compare(dir / "error.txt", error.field + "\n" + error.message, false);
  }
  compare(dir / "upstream.json", out, true);
  std::string noted;
  for (const Notes* list : {&request->dropped, static_cast<const Notes*>(&notes)}) {
    for (const std::string& note : list->all()) noted += note + "\n";
  }
  if (!noted.empty() || fs::exists(dir / "notes.txt")) compare(dir / "notes.txt", noted, false);

  // A client may get this back from a store and send it again (OpenCode #24442).
  const auto again = kChatCodec.read_request(out);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  std::string second;
  ASSERT_TRUE(kChatCodec.write_request(*again, table, model, second, notes).has_value());
  EXPECT_EQ(second, out) << "not the same when it is translated twice";
}

class Encoding : public EventSink {
 public:
  Encoding(StreamEncoder& encoder, std::string& out) : encoder_(encoder), out_(out) {}
  void take(const Event& event) override { encoder_.encode(event, out_); }

 private:
  StreamEncoder& encoder_;
  std::string& out_;
};

void check_stream(const fs::path& dir) {
  const About said = about(dir);
  std::string names = said.get("tools", "");
  std::vector<std::string_view> tools;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(' ', at), names.size());
    tools.push_back(std::string_view(names).substr(at, end - at));
    at = end + 1;
  }
  const auto decoder = kChatCodec.stream_decoder(dialect(said.get("provider", "deepseek")));
  const auto encoder = kChatCodec.stream_encoder(
      {.id = "1", .model = "m", .created = 1, .include_usage = true, .maker = "provider/model"});
  std::string out;
  Encoding encoding(*encoder, out);
  DsmlFilter filter(encoding, tools, "1");
  http::SseScanner scanner;
  http::SseEvent event;
  const std::string bytes = read_golden(dir / "upstream.sse");
  std::string_view input = bytes;
  std::string error;
  while (error.empty() && scanner.next(input, event).value()) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const auto decoded = decoder->decode({}, event.data, filter);
    if (!decoded) error = "error: " + decoded.error().message + "\n";
  }
  if (error.empty() && !decoder->done() && !out.contains("data: {\"error\"")) out += "(cut)\n";
  compare(dir / "client.sse", out + error, false);
  for (std::istringstream lines(out); std::getline(lines, error);) {
    if (!error.starts_with("data: {")) continue;
    json::Reader reader(json::CheckedText{std::string_view(error).substr(6)});
    EXPECT_TRUE(reader.skip() && reader.finish()) << error;
  }
}

class GoldenChat : public testing::TestWithParam<std::string> {};

TEST_P(GoldenChat, is_translated) {
  const fs::path dir = kCases / GetParam();
  if (fs::exists(dir / "request.json")) return check_request(dir);
  check_stream(dir);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCases)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Case, GoldenChat, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace tidegate::translation
