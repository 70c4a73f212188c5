// Damaged requests and streams: whatever is changed in them, we refuse it or write valid JSON.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "json/reader.h"
#include "translation/cargo.h"
#include "translation/codec.h"
#include "translation/cut.h"
#include "translation/messages_repair.h"

namespace tidegate::translation {
namespace {

namespace fs = std::filesystem;

bool is_json(std::string_view text) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  json::Reader reader(*checked);
  return reader.skip() && reader.finish();
}

std::vector<std::string> files(std::string_view name) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(fs::path(TIDEGATE_SOURCE_DIR) /
                                                  "tests/golden/translation/messages")) {
    std::ifstream file(entry.path() / name, std::ios::binary);
    if (file.good()) {
      out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  return out;
}

// Changes, drops or doubles a few stretches.
std::string damage(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t end) { return random() % end; };
  constexpr std::string_view kBytes = "\"\\{}[]:,x0-\n \x80tnu";
  for (std::size_t changes = 1 + below(3); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = below(text.size());
    const std::size_t size = 1 + below(std::min<std::size_t>(24, text.size() - at));
    switch (below(3)) {
      case 0:
        text[at] = kBytes[below(kBytes.size())];
        break;
      case 1:
        text.erase(at, size);
        break;
      default:
        text.insert(below(text.size()), text.substr(at, size));
    }
  }
  return text;
}

TEST(MessagesMutation, requests_are_refused_or_written_as_json) {
  std::mt19937 random(1);
  for (const std::string& good : files("request.json")) {
    for (int round = 0; round < 150; ++round) {
      const std::string body = damage(good, random);
      const auto request = kMessagesCodec.read_request(body);
      if (!request) {
        EXPECT_FALSE(request.error().message.empty());
        continue;
      }
      std::string out;
      Notes notes;
      const bool written =
          kMessagesCodec
              .write_request(*request, protocol::kAnthropic, "claude-opus-4-7", out, notes)
              .has_value();
      EXPECT_TRUE(!written || is_json(out)) << body << "\n" << out;
    }
  }
}

TEST(MessagesMutation, repaired_bodies_stay_json) {
  std::mt19937 random(2);
  for (const std::string& good : files("body.json")) {
    for (int round = 0; round < 300; ++round) {
      const std::string body = damage(good, random);
      Notes notes;
      const auto cuts = repair_messages(body, {}, notes);
      if (!cuts || !is_json(body)) continue;
      EXPECT_TRUE(is_json(translation::apply(body, *cuts))) << body;
    }
  }
}

struct Writer : EventSink {
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder = kMessagesCodec.stream_encoder({});
  std::string out;
};

TEST(MessagesMutation, streams_are_refused_or_written_as_json) {
  std::mt19937 random(3);
  for (const std::string& good : files("upstream.sse")) {
    for (int round = 0; round < 150; ++round) {
      const std::string bytes = damage(good, random);
      const auto decoder = kMessagesCodec.stream_decoder(protocol::kAnthropic);
      Writer writer;
      for (std::size_t at = 0; (at = bytes.find("data: ", at)) != bytes.npos;) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        if (!decoder->decode("", std::string_view(bytes).substr(at + 6, end - at - 6), writer)) {
          break;
        }
        at = end;
      }
      for (std::size_t at = 0; (at = writer.out.find("data: ", at)) != std::string::npos;) {
        const std::size_t end = writer.out.find('\n', at);
        EXPECT_TRUE(is_json(std::string_view(writer.out).substr(at + 6, end - at - 6))) << bytes;
        at = end;
      }
    }
  }
}

}  // namespace
}  // namespace tidegate::translation
