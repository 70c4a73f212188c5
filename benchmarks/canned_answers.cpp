#include "canned_answers.h"

#include <fmt/format.h>

namespace tidegate::bench {
namespace {

constexpr std::size_t completion_bytes = 1'954;
constexpr std::size_t event_bytes = 237;

std::string usage() {
  return R"({"prompt_tokens":412,"completion_tokens":301,"total_tokens":713,"prompt_tokens_details":{"cached_tokens":256}})";
}

std::string http_chunk(const std::string& data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

std::string event(const std::string& choices, const std::string& usage) {
  return fmt::format(
      "data: {{\"id\":\"chatcmpl-8f2b61c0d9a74e5b\",\"object\":\"chat.completion.chunk\","
      "\"created\":1782000000,\"model\":\"bench-wire-model\",\"choices\":[{}],\"usage\":{}}}\n\n",
      choices, usage);
}

std::string delta(const std::string& text, const char* finish_reason) {
  return fmt::format(
      R"({{"index":0,"delta":{{"content":"{}"}},"logprobs":null,"finish_reason":{}}})", text,
      finish_reason);
}

// Words up to exactly `bytes` bytes.
std::string words(std::size_t bytes) {
  const std::string phrase = "The parser reads the head once and keeps offsets. ";
  std::string text;
  while (text.size() < bytes) text += phrase;
  return text.substr(0, bytes);
}

}  // namespace

namespace {

// Some providers end with ids of their own: a member that no other answer has.
std::string whole_answer(bool unique) {
  const std::string_view id = unique ? kNumberHere : "8f2b61c0d9a74e5b";
  const std::string own = unique ? fmt::format(R"(,"x_groq":{{"id":"req_{}"}})", kNumberHere) : "";
  const auto body = [&](const std::string& text) {
    return fmt::format(
        R"({{"id":"chatcmpl-{}","object":"chat.completion","created":1782000000,"model":"bench-wire-model","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{},"system_fingerprint":"fp_bench"{}}})",
        id, text, usage(), own);
  };
  const std::string json = body(words(completion_bytes - body("").size()));
  return fmt::format(
      "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
      "x-request-id: req_{}\r\nContent-Length: {}\r\n\r\n{}",
      id, json.size(), json);
}

}  // namespace

CannedAnswers::CannedAnswers(bool unique) : completion(whole_answer(unique)) {
  stream_head =
      "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2026 12:00:00 GMT\r\n"
      "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::size_t frame = event(delta("", "null"), "null").size();
  chunk = http_chunk(event(delta(words(event_bytes - frame), "null"), "null"));
  stream_end = http_chunk(event(delta("", "\"stop\""), "null")) + http_chunk(event("", usage())) +
               http_chunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

}  // namespace tidegate::bench
