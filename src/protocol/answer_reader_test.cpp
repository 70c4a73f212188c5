// A reader that knows earlier answers must say of any bytes what one says that has to parse them.
#include "protocol/answer_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace tidegate::protocol {
namespace {

namespace fs = std::filesystem;

// As the golden cases, and one with all that may vary.
std::vector<std::string> known_answers() {
  std::vector<std::string> found;
  for (const auto& entry :
       fs::directory_iterator(fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/answers")) {
    std::ifstream file(entry.path() / "answer.json", std::ios::binary);
    if (file)
      found.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::ranges::sort(found);
  found.emplace_back(
      R"({"id":"a1","created":12,"model":"m","choices":[{"message":{"content":"Hi \"you\"",)"
      R"("reasoning_content":"héh"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,)"
      R"("completion_tokens":5,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":3},)"
      R"("prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6,)"
      R"("completion_tokens_details":{"reasoning_tokens":4}},"system_fingerprint":"fp"})");
  return found;
}

void expect_same(const Result<Answer>& got, const Result<Answer>& parsed, std::string_view body) {
  ASSERT_EQ(got.has_value(), parsed.has_value()) << body;
  if (!got) return;
  EXPECT_TRUE(*got == *parsed) << body;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, text.npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(AnswerReader, AgreesWithTheParserOnChangedAnswers) {
  std::mt19937 random(7);
  constexpr std::string_view kBytes = "\"\\0159.e-{}[]:, \n\x01\xC3\xA9tn";
  for (const std::string& known : known_answers()) {
    AnswerReader reader;
    expect_same(reader.read(known), AnswerReader().read(known), known);
    for (std::size_t at = 0; at < known.size(); ++at) {
      for (const char byte : kBytes) {
        std::string changed = known;
        switch (random() % 3) {
          case 0:
            changed[at] = byte;
            break;
          case 1:
            changed.insert(at, 1, byte);
            break;
          default:
            changed.erase(at, 1 + random() % 3);
        }
        // A fresh reader at times, since what it learns from the changed answers takes places.
        if (random() % 16 == 0) {
          reader = AnswerReader();
          ASSERT_EQ(reader.read(known).has_value(), AnswerReader().read(known).has_value());
        }
        expect_same(reader.read(changed), AnswerReader().read(changed), changed);
        if (HasFatalFailure() || HasFailure()) return;
      }
    }
  }
}

TEST(AnswerReader, TakesNewValuesFromAKnownShape) {
  AnswerReader reader;
  const std::string known = known_answers().back();
  ASSERT_TRUE(reader.read(known));
  for (const auto& [what, by] :
       std::initializer_list<std::pair<const char*, const char*>>{{"a1", ""},
                                                                  {"Hi \\\"you\\\"", "中"},
                                                                  {"Hi \\\"you\\\"", ""},
                                                                  {"Hi \\\"you\\\"", "\xFF"},
                                                                  {":12,", ":012,"},
                                                                  {":10,", ":999999999999999,"},
                                                                  {":10,", ":9999999999999999,"},
                                                                  {":10,", ":0,"},
                                                                  {":10,", ":1.5,"},
                                                                  {":3}", ":300}"},
                                                                  {":19,", ":18,"},
                                                                  {"\"stop\"", "\"length\""},
                                                                  {"\"m\"", "\"n\""},
                                                                  {"{\"id", " \n{\"id"}}) {
    const std::string changed = replaced(known, what, by);
    expect_same(reader.read(changed), AnswerReader().read(changed), changed);
    expect_same(reader.read(known), AnswerReader().read(known), known);
  }
  const auto answer = reader.read(replaced(known, ":10,", ":77,"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->usage->prompt, 77);
}

TEST(AnswerReader, agrees_when_nothing_repeats_and_when_it_does_again) {
  AnswerReader reader;
  const std::string known = known_answers().back();
  for (int i = 0; i < 300; ++i) {
    const std::string member = "\"own" + std::to_string(i % 200) + "\":1,\"id\"";
    const std::string own = replaced(known, "\"id\"", member);
    expect_same(reader.read(own), AnswerReader().read(own), own);
  }
  for (int i = 0; i < 40; ++i) {
    const std::string counted = replaced(known, ":10,", ":" + std::to_string(i) + ",");
    expect_same(reader.read(counted), AnswerReader().read(counted), counted);
  }
}

}  // namespace
}  // namespace tidegate::protocol
