#include "translation/responses_stream_decoder.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

struct Seen final : EventSink {
  void take(const Event& event) override {
    out += std::to_string(static_cast<int>(event.kind)) + ":" + std::string(event.text) + ";";
  }
  std::string out;
};

struct Stream {
  Result<void> feed(std::string_view data) { return decoder->decode({}, data, seen); }
  std::unique_ptr<StreamDecoder> decoder = make_responses_decoder(protocol::kOpenAi);
  Seen seen;
};

constexpr std::string_view kDone =
    R"({"type":"response.completed","response":{"id":"r","status":"completed","output":[]}})";

TEST(ResponsesDecoder, malformed_and_misplaced_events_are_errors) {
  for (const std::string_view data :
       {"{", "[]", "\"x\"", R"({"type":"response.created"})", R"({"type":"response.completed"})",
        R"({"type":"response.output_item.added","item":[]})", "{\"type\":\"\xFF\"}",
        R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"{"})",
        R"({"type":"response.output_text.delta","output_index":99999,"delta":"x"})"}) {
    EXPECT_FALSE(Stream().feed(data)) << data;
  }
  Stream ended;
  ASSERT_TRUE(ended.feed(kDone));
  EXPECT_TRUE(ended.decoder->done());
  EXPECT_FALSE(ended.feed(R"({"type":"response.output_text.delta","delta":"late"})"));
  EXPECT_TRUE(ended.feed("[DONE]"));  // some send it all the same
}

TEST(ResponsesDecoder, unknown_events_are_passed_over) {
  Stream stream;
  EXPECT_TRUE(stream.feed(R"({"type":"response.web_search_call.searching","output_index":0})"));
  EXPECT_TRUE(stream.feed(R"({"type":"keepalive"})"));
  EXPECT_EQ(stream.seen.out, "");
  EXPECT_FALSE(stream.decoder->done());
}

TEST(ResponsesDecoder, an_answer_that_comes_with_the_last_event_alone_is_told) {
  Stream stream;
  ASSERT_TRUE(stream.feed(
      R"({"type":"response.completed","response":{"id":"r","status":"completed","output":[)"
      R"({"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}})"));
  EXPECT_EQ(stream.seen.out, "0:;1:Hi;9:;11:;");
}

TEST(ResponsesDecoder, items_that_come_only_when_done_are_told_once) {
  Stream stream;
  ASSERT_TRUE(stream.feed(
      R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call",)"
      R"("call_id":"c","name":"f","arguments":"{}"}})"));
  ASSERT_TRUE(stream.feed(
      R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call",)"
      R"("call_id":"c","name":"f","arguments":"{}"}})"));
  EXPECT_EQ(stream.seen.out, "0:;5:;6:{};");
}

TEST(ResponsesDecoder, an_error_ends_the_stream) {
  Stream stream;
  ASSERT_TRUE(stream.feed(R"({"type":"error","code":"server_error","message":"Oops"})"));
  EXPECT_EQ(stream.seen.out, R"(12:{"type":"error","code":"server_error","message":"Oops"};)");
  EXPECT_FALSE(stream.decoder->done());
}

}  // namespace
}  // namespace tidegate::translation
