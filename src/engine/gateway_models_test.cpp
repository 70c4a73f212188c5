#include "engine/gateway_models.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/test_call.h"
#include "loop/run_task.h"

namespace tidegate::engine {
namespace {

const std::string kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-tidegate-model: deepseek-v4-flash\r\n"
    "x-tidegate-provider: deepseek\r\n\r\n";
const std::string kComment = ": tidegate: the provider is working\n\n";
const std::string kError =
    "data: {\"error\":{\"message\":\"the provider's answer was cut "
    "off\",\"type\":\"server_error\"}}\n\n";

std::string chunk(const std::string& delta) {
  return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta + "}]}\n\n";
}
std::string reasoning(int chunks) {
  std::string out;
  for (int i = 0; i < chunks; ++i) out += chunk(R"({"reasoning_content":"so the next step is "})");
  return out;
}

// A gateway that answers one request with these bytes; then it leaves, or is silent.
class GatewayModelsTest : public testing::Test {
 protected:
  enum class Then : bool { leaves, is_silent };

  static Task<void> ask(Models& models, Question question, AskResult& out) {
    out = co_await models.ask(std::move(question));
  }
  Failure broken(const std::string& answer, Then then = Then::leaves) {
    http::ScriptedProvider gateway({[&](http::RawPeer& peer) {
      peer.read_until("\r\n\r\n{}");
      peer.send(kHead + answer);
      if (then == Then::is_silent) peer.read_to_end();
    }});
    GatewayModels models(loop_, clock_, {.address = gateway.address, .credential = "key"});
    Cancel cancel;
    AskResult out;
    Question question;
    question.body = "{}";
    question.until = kNever;
    question.cancel = &cancel;
    if (then == Then::is_silent) question.idle = 50ms;
    run_task(loop_, ask(models, std::move(question), out));
    EXPECT_FALSE(out);
    return out ? Failure{} : out.error();
  }

  const SystemClock clock_;
  Loop loop_{clock_};
};

TEST_F(GatewayModelsTest, AnAnswerThatBreaksOffSaysHowMuchOfItHadCome) {
  const Failure cut = broken(reasoning(1000));
  EXPECT_EQ(cut.error_class, workflow::ErrorClass::transport);
  ASSERT_TRUE(cut.begun);
  EXPECT_GT(*cut.begun, 2000);
  const Failure silent = broken(reasoning(1000), Then::is_silent);
  EXPECT_EQ(silent.error_class, workflow::ErrorClass::timeout);
  EXPECT_EQ(silent.begun, cut.begun);
  const Failure failed = broken(reasoning(1000) + kError);
  EXPECT_EQ(failed.error_class, workflow::ErrorClass::server);
  EXPECT_EQ(failed.begun, cut.begun);
  EXPECT_EQ(failed.model, "deepseek-v4-flash");
}

TEST_F(GatewayModelsTest, CallsOfToolsThatBreakOffCountToo) {
  const Failure cut = broken(chunk(
      R"({"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"write","arguments":"{\"text\": \"one two three four"}}]})"));
  ASSERT_TRUE(cut.begun);
  EXPECT_GT(*cut.begun, 4);
}

TEST_F(GatewayModelsTest, AnAnswerThatIsOnlyAnErrorHasNotBegun) {
  EXPECT_FALSE(broken(kComment + kError).begun);
}

}  // namespace
}  // namespace tidegate::engine
