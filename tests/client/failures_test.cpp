// What goes wrong: retries, fallbacks, cut streams, silence, cancels, keys.
#include <cstdlib>
#include <stdexcept>

#include "asked.h"

namespace tidegate {
namespace {

class Failures : public ClientTest {};

TEST_F(Failures, AServerErrorIsTriedAgain) {
  Client client = open(options("500*2"));
  const ChatResult answer = client.complete(ask("faulty"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->attempts, 3u);
  EXPECT_EQ(client.costs().attempts, 3u);
  EXPECT_EQ(client.costs().requests, 1u);
}

TEST_F(Failures, RetryAfterIsWaitedFor) {
  Client client = open(options("429-retry-after-1*1"));
  const ChatResult answer = client.complete(ask("faulty"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->attempts, 2u);
  EXPECT_GE(answer->timings.total, 1s);
}

TEST_F(Failures, APauseThatIsTooLongIsLeftToTheProgram) {
  ClientOptions with = options("429-retry-after-7");
  with.retry.max = 5s;
  Client client = open(with);
  const ChatResult answer = client.complete(ask("faulty"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().failure, FailureClass::rate_limited);
  EXPECT_EQ(answer.error().retry_after, 7s);
  EXPECT_EQ(answer.error().attempts, 1u);
  EXPECT_EQ(answer.error().status, 429);
  EXPECT_EQ(answer.error().provider, "deepseek");
}

TEST_F(Failures, AnotherModelIsAsked) {
  ClientOptions with = options("503");
  with.models.back().fallback = {"priced"};
  Client client = open(with);
  const ChatResult answer = client.complete(ask("faulty"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->model, "priced");
  EXPECT_EQ(answer->attempts, 4u);
}

TEST_F(Failures, AStreamThatIsCutIsAFailureAndNotTriedAgain) {
  Client client = open(options("cut-5"));
  std::string content;
  const ChatResult answer =
      client.stream(ask("faulty"), [&](const StreamEvent& event) { content += event.text; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().failure, FailureClass::truncated);
  EXPECT_FALSE(content.empty());
  EXPECT_EQ(answer.error().attempts, 1u);
}

TEST_F(Failures, ABodyThatIsCutIsTriedAgain) {
  Client client = open(options("cut*1"));
  const ChatResult answer = client.complete(ask("faulty"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->attempts, 2u);
}

TEST_F(Failures, AnErrorWithinAStreamIsOne) {
  Client client = open(options("error-event-3"));
  const ChatResult answer = client.stream(ask("faulty"), [](const StreamEvent&) {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().failure, FailureClass::unavailable) << answer.error().message;
}

TEST_F(Failures, SilenceEndsInATimeout) {
  ClientOptions with = options("hang");
  with.timeouts.first_byte = 100ms;
  with.retry.attempts = 1;
  Client client = open(with);
  for (const bool streamed : {false, true}) {
    const ChatResult answer = streamed ? client.stream(ask("faulty"), [](const StreamEvent&) {})
                                       : client.complete(ask("faulty"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().failure, FailureClass::timeout) << answer.error().message;
  }
}

TEST_F(Failures, NobodyThereIsUnavailable) {
  ClientOptions with = options();
  with.providers[0].base_url = "http://127.0.0.1:1";
  with.retry.attempts = 1;
  Client client = open(with);
  const ChatResult answer = client.complete(ask("priced"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().failure, FailureClass::unavailable);
}

TEST_F(Failures, ACancelClosesTheConnection) {
  Client client = open(options("hang"));
  for (const bool streamed : {false, true}) {
    const int left = simulator().left_early();
    std::stop_source stop;
    std::future<ChatResult> answer = std::async(std::launch::async, [&] {
      return streamed ? client.stream(
                            ask("faulty"), [](const StreamEvent&) {}, stop.get_token())
                      : client.complete(ask("faulty"), stop.get_token());
    });
    while (simulator().in_flight() == 0) std::this_thread::yield();
    stop.request_stop();
    const ChatResult result = answer.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().failure, FailureClass::canceled);
    wait_until_idle();
    EXPECT_EQ(simulator().left_early(), left + 1);
  }
  EXPECT_EQ(client.costs().canceled, 2u);
  EXPECT_EQ(client.costs().failed, 0u);
}

TEST_F(Failures, AStopThatCameBeforeSendsNothing) {
  Client client = open(options());
  std::stop_source stop;
  stop.request_stop();
  const ChatResult result = client.complete(ask("priced"), stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().failure, FailureClass::canceled);
  EXPECT_EQ(client.costs().attempts, 0u);
}

TEST_F(Failures, AStreamThatIsDroppedIsCanceled) {
  Client client = open(options("hang-stream-3"));
  {
    Stream stream = client.open_stream(ask("faulty"));
    ASSERT_TRUE(stream.next());
  }
  wait_until_idle();
  EXPECT_EQ(simulator().left_early(), 1);
}

TEST_F(Failures, AClientThatGoesEndsItsRequests) {
  std::future<ChatResult> answer;
  std::optional<Stream> stream;
  {
    Client client = open(options("hang"));
    answer = client.submit(ask("faulty"));
    stream = client.open_stream(ask("faulty"));
    while (simulator().in_flight() != 2) std::this_thread::yield();
  }
  EXPECT_EQ(answer.get().error().failure, FailureClass::canceled);
  EXPECT_EQ(stream->next(), std::nullopt);
  EXPECT_EQ(stream->result().error().failure, FailureClass::canceled);
}

TEST_F(Failures, TheProvidersWordOnAKeyIsNotItsKey) {
  ClientOptions with = options();
  with.providers[0].api_key = "sk-wrong-0123456789abcdef";
  Client client = open(with);
  const ChatResult answer = client.complete(ask("priced"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().failure, FailureClass::auth);
  EXPECT_EQ(answer.error().message.find("0123456789abcdef"), std::string::npos)
      << answer.error().message;
  EXPECT_EQ(answer.error().attempts, 1u);
}

}  // namespace
}  // namespace tidegate
