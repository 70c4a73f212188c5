// Judges what we read out of providers' answers and errors by the cases in tests/golden/answers:
// each has the bytes as a provider sends them (events.sse, answer.json or error.json) and
// expect.json, what we must understand. Streams are read in pieces of several sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "http/sse_scanner.h"
#include "json/writer.h"
#include "protocol/answer_reader.h"
#include "protocol/error_body.h"
#include "protocol/stream.h"
#include "protocol/test_golden.h"

namespace tidegate::protocol {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/answers";

void write(json::Writer& json, const Answer& answer) {
  json.member("model", answer.model).member("finish", name(answer.finish));
  json.member("content", answer.content).member("reasoning", answer.reasoning);
  json.member("tool_calls", answer.tool_calls).key("tool_call_ids").begin_array();
  for (const std::string& id : answer.tool_call_ids) json.value(id);
  json.end_array().key("usage");
  if (const auto& usage = answer.usage) {
    json.begin_object().member("prompt", usage->prompt).member("cached", usage->cached);
    json.member("completion", usage->completion).member("reasoning", usage->reasoning);
    json.end_object();
  } else {
    json.null();
  }
}

// Events of one class in a row count as one entry: "content*3".
struct Runs {
  std::vector<std::pair<std::string, int>> runs;
  void add(std::string_view what) {
    if (runs.empty() || runs.back().first != what) runs.emplace_back(what, 0);
    ++runs.back().second;
  }
  void write(json::Writer& json) const {
    json.key("events").begin_array();
    for (const auto& [what, count] : runs)
      json.value(count == 1 ? what : what + "*" + std::to_string(count));
    json.end_array();
  }
};

std::string understand_stream(std::string_view bytes, std::size_t step) {
  http::SseScanner scanner;
  http::SseEvent event;
  StreamReader stream;
  Runs runs;
  const auto note = [&] {
    using Kind = http::SseEvent::Kind;
    if (event.kind == Kind::data) runs.add(name(stream.read(event.data)));
    if (event.kind == Kind::comment) runs.add("comment");
  };
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const std::string buffer(bytes.substr(at, step));
    std::string_view input = buffer;
    while (scanner.next(input, event).value()) note();
  }
  if (scanner.finish(event)) note();
  std::string out;
  json::Writer json(out);
  json.begin_object();
  runs.write(json);
  write(json, stream.answer());
  json.member("ending", name(stream.ending()));
  if (!stream.answer().error.empty()) {
    const ProviderError error = read_error(200, stream.answer().error);
    json.member("error", name(error.error_class)).member("message", error.message);
  }
  json.end_object();
  return out;
}

std::string understand_answer(std::string_view body) {
  std::string out;
  json::Writer json(out);
  const auto answer = AnswerReader().read(body);
  json.begin_object();
  if (answer) {
    write(json, *answer);
    json.member("ending", name(ending(*answer)));
  } else {
    json.member("error", answer.error().message);
  }
  json.end_object();
  return out;
}

// The status stands at the end of the case's name: "insufficient_balance_402".
std::string understand_error(const fs::path& dir) {
  const std::string dir_name = dir.filename();
  const int status = std::stoi(dir_name.substr(dir_name.rfind('_') + 1));
  const ProviderError error = read_error(status, read_golden(dir / "error.json"));
  const ErrorPolicy allowed = policy(error.error_class);
  std::string out;
  json::Writer json(out);
  json.begin_object().member("class", name(error.error_class)).member("message", error.message);
  json.member("type", error.type).member("code", error.code);
  json.member("retryable", allowed.retryable);
  json.member("provider_at_fault", allowed.provider_at_fault);
  json.member("try_fallback", allowed.try_fallback).end_object();
  return out;
}

class GoldenAnswer : public testing::TestWithParam<std::string> {};

TEST_P(GoldenAnswer, is_understood) {
  const fs::path dir = kCases / GetParam();
  const std::string expected = compact(read_golden(dir / "expect.json"));
  if (fs::exists(dir / "events.sse")) {
    const std::string bytes = read_golden(dir / "events.sse");
    for (const std::size_t step : {bytes.size(), 1uz, 2uz, 3uz, 7uz})
      EXPECT_EQ(compact(understand_stream(bytes, step)), expected) << "pieces of " << step;
  } else if (fs::exists(dir / "answer.json")) {
    EXPECT_EQ(compact(understand_answer(read_golden(dir / "answer.json"))), expected);
  } else {
    EXPECT_EQ(compact(understand_error(dir)), expected);
  }
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCases)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Case, GoldenAnswer, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace tidegate::protocol
