// Every scripted fault, seen from the client's side of the socket.
#include "simulator/delivery.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "simulator/blocking_client.h"
#include "simulator/running.h"

namespace tidegate::simulator {
namespace {

class FaultTest : public testing::Test {
 protected:
  FaultTest() {
    Options options;
    options.first_token = Duration{0};
    options.tokens_per_second = 1e9;
    running_ = run(options, *Address::parse_listen("127.0.0.1:0")).value();
  }
  RawAnswer with_fault(std::string_view fault, bool stream, int silence_ms = 10'000,
                       std::string_view headers = "") {
    BlockingClient client(running_->address());
    const std::string body = std::string(R"({"model":"deepseek-flash","stream":)") +
                             (stream ? "true" : "false") +
                             R"(,"messages":[{"role":"user","content":"Hi"}]})";
    EXPECT_TRUE(client.send("POST", "/chat/completions",
                            "Authorization: Bearer sk-1\r\nx-sim-gap: 1ms\r\nx-sim-fault: " +
                                std::string(fault) + "\r\n" + std::string(headers),
                            body));
    return client.read(silence_ms);
  }

  std::unique_ptr<Running> running_;
};

TEST_F(FaultTest, Statuses) {
  EXPECT_EQ(with_fault("429", true).status(), 429);
  EXPECT_FALSE(with_fault("429", true).has("Retry-After"));
  EXPECT_TRUE(with_fault("429-retry-after-7", true).has("\r\nRetry-After: 7\r\n"));
  const RawAnswer dated = with_fault("503-retry-after-date", false);
  EXPECT_EQ(dated.status(), 503);
  EXPECT_EQ(dated.count(" GMT\r\n"), 2u) << "Date and Retry-After";
  EXPECT_EQ(with_fault("500", false).status(), 500);
}

TEST_F(FaultTest, OnceFaultsCountPerScope) {
  const auto status = [&](std::string_view scope) {
    return with_fault("500*2,429*1", false, 10'000, scope).status();
  };
  EXPECT_EQ(status("x-sim-id: a\r\n"), 500);
  EXPECT_EQ(status("x-sim-id: a\r\n"), 500);
  EXPECT_EQ(status("x-sim-id: b\r\n"), 500);
  EXPECT_EQ(status("x-sim-id: a\r\n"), 429);
  EXPECT_EQ(status("x-sim-id: a\r\n"), 200);
  EXPECT_EQ(status("x-sim-id: b\r\n"), 500);
}

TEST_F(FaultTest, ModelSuffixChoosesAFaultAndIsNotEchoed) {
  const auto answer = [&](std::string_view model) {
    BlockingClient client(running_->address());
    client.send(
        "POST", "/chat/completions", "Authorization: Bearer sk-1\r\n",
        R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":"Hi"}]})");
    return client.read();
  };
  EXPECT_EQ(answer("deepseek-flash:fault=503").status(), 503);
  EXPECT_TRUE(answer("deepseek-flash:fault=aborted").has(R"("model":"deepseek-flash")"));
}

TEST_F(FaultTest, NoAnswerAtAll) {
  EXPECT_TRUE(with_fault("close", false).bytes.empty());
  EXPECT_TRUE(with_fault("reset", false).reset);
  EXPECT_TRUE(with_fault("hang", false, 50).stalled);
  EXPECT_EQ(with_fault("cut-head", false).bytes, "HTTP/1.1 200 OK\r\nContent-Ty");
}

TEST_F(FaultTest, StreamsBreakOffAfterSoManyEvents) {
  const RawAnswer cut = with_fault("cut-2", true);
  EXPECT_EQ(cut.count("data: "), 2u);
  EXPECT_FALSE(cut.bytes.ends_with("0\r\n\r\n"));
  const RawAnswer hanging = with_fault("hang-stream", true, 50);
  EXPECT_TRUE(hanging.stalled);
  EXPECT_EQ(hanging.count("data: "), 3u);
  EXPECT_TRUE(with_fault("reset-1", true).reset);
  const RawAnswer no_done = with_fault("no-done", true);
  EXPECT_FALSE(no_done.has("[DONE]"));
  EXPECT_TRUE(no_done.bytes.ends_with("0\r\n\r\n"));
}

TEST_F(FaultTest, BodiesBreakOffInTheMiddle) {
  const RawAnswer cut = with_fault("cut", false);
  EXPECT_TRUE(cut.has("chat.completion"));
  EXPECT_FALSE(cut.has("usage"));
  EXPECT_FALSE(cut.bytes.ends_with("0\r\n\r\n"));
}

TEST_F(FaultTest, KeepAlive) {
  EXPECT_TRUE(with_fault("keepalive-comments-2", true)
                  .unchunked()
                  .starts_with(": keep-alive\n\n: keep-alive\n\ndata: {"));
  EXPECT_TRUE(with_fault("blank-lines-3", false).unchunked().starts_with("\n\n\n{\"id\""));
}

TEST_F(FaultTest, Garbage) {
  EXPECT_TRUE(with_fault("garbage", false).has("\r\n\r\n<html>"));
  EXPECT_TRUE(with_fault("garbage-stream", true).has("data: this is no JSON\n\n"));
  const std::string error = with_fault("error-event-1", true).unchunked();
  EXPECT_TRUE(error.contains("\n\ndata: {\"error\":{"));
  EXPECT_FALSE(error.contains("[DONE]"));
}

TEST_F(FaultTest, OddChunksCarryTheSameStream) {
  const RawAnswer bytes = with_fault("byte-by-byte", true);
  const std::size_t head = bytes.bytes.find("\r\n\r\n") + 4;
  EXPECT_EQ(bytes.bytes.size() - head, 6 * bytes.unchunked().size() + 5) << "chunks of one byte";
  EXPECT_TRUE(bytes.unchunked().ends_with("data: [DONE]\n\n"));

  const RawAnswer split = with_fault("utf8-split", true);
  EXPECT_FALSE(split.has("你"));
  EXPECT_TRUE(split.unchunked().contains("你"));
  EXPECT_TRUE(is_valid_utf8(split.unchunked()));

  EXPECT_GT(with_fault("huge-chunk", true).bytes.size(), 1u << 20);
  EXPECT_EQ(with_fault("slow-chunks-1", true).status(), 200);
}

TEST_F(FaultTest, AnswersThatFailInside200) {
  EXPECT_TRUE(with_fault("insufficient-system-resource", true)
                  .has(R"("finish_reason":"insufficient_system_resource")"));
  EXPECT_TRUE(with_fault("aborted", false).has(R"("finish_reason":"aborted")"));
  EXPECT_TRUE(with_fault("empty-stop", false)
                  .has(R"("content":"","reasoning_content":""},"logprobs":null,)"
                       R"("finish_reason":"stop")"));
  const RawAnswer zero = with_fault("zero-reasoning", true);
  EXPECT_TRUE(zero.has(R"("reasoning_content":"")"));
  EXPECT_FALSE(zero.has("Simulated thought"));
}

TEST_F(FaultTest, UsageWhereItIsAskedFor) {
  EXPECT_EQ(with_fault("usage-only-chunk", true).count(R"("choices":[],"usage":{)"), 1u);
  EXPECT_EQ(with_fault("usage-both", true).count(R"("usage":{)"), 2u);
  EXPECT_EQ(with_fault("usage-last-chunk", true).count(R"("usage":{)"), 1u);
  EXPECT_EQ(with_fault("no-usage", true).count("usage"), 0u);
  EXPECT_EQ(with_fault("no-usage", false).count("usage"), 0u);
}

}  // namespace
}  // namespace tidegate::simulator
