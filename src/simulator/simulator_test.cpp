// The simulator over its own listener: shapes, keys, usage, introspection, cancellation.
#include "simulator/simulator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "simulator/blocking_client.h"
#include "simulator/running.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kKey = "Authorization: Bearer sk-good-1234\r\n";
constexpr std::string_view kHello =
    R"({"model":"deepseek-v4-flash","messages":[{"role":"user","content":"Hello tide"}]})";
constexpr std::string_view kHelloStream =
    R"({"model":"deepseek-v4-flash","stream":true,"messages":[{"role":"user","content":"Hi"}]})";
constexpr std::string_view kGptStream =
    R"({"model":"gpt-5.5","stream":true,"messages":[{"role":"user","content":"Hi"}]})";
constexpr std::string_view kWeatherTool =
    R"([{"type":"function","function":{"name":"get_weather","parameters":{"type":"object",)"
    R"("properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"days":{"type":"integer"}})"
    R"(}}}])";

class SimulatorTest : public testing::Test {
 protected:
  SimulatorTest() {
    Options options;
    options.first_token = Duration{0};
    options.tokens_per_second = 1e9;
    running_ = run(options, *Address::parse_listen("127.0.0.1:0")).value();
  }
  RawAnswer post(std::string_view path, std::string_view body, std::string_view headers = kKey) {
    return exchange("POST", path, headers, body);
  }
  RawAnswer get(std::string_view path) { return exchange("GET", path, "", ""); }
  RawAnswer exchange(std::string_view method, std::string_view path, std::string_view headers,
                     std::string_view body) {
    BlockingClient client(running_->address());
    EXPECT_TRUE(client.send(method, path, headers, body));
    return client.read();
  }

  std::unique_ptr<Running> running_;
};

TEST_F(SimulatorTest, AnswersInDeepseeksShape) {
  const RawAnswer answer = post("/chat/completions", kHello);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.has(R"("object":"chat.completion")"));
  EXPECT_TRUE(answer.has(R"("model":"deepseek-v4-flash")"));
  EXPECT_TRUE(answer.has(R"("reasoning_content":"Simulated thought)"));
  EXPECT_TRUE(answer.has("You asked: Hello tide"));
  EXPECT_TRUE(answer.has(R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":7)"));
  EXPECT_TRUE(answer.has("x-ds-trace-id: "));
}

TEST_F(SimulatorTest, AnswersTheSameToTheSameRequest) {
  const auto body = [](const RawAnswer& answer) {
    const std::string text = answer.bytes.substr(answer.bytes.find("\r\n\r\n"));
    return text.substr(text.find("\"choices\""), text.find("\"usage\"") - text.find("\"choices\""));
  };
  EXPECT_EQ(body(post("/chat/completions", kHello)), body(post("/chat/completions", kHello)));
}

TEST_F(SimulatorTest, StreamsInDeepseeksShape) {
  const RawAnswer answer = post("/sim/deepseek/chat/completions", kHelloStream);
  EXPECT_TRUE(answer.has("Content-Type: text/event-stream"));
  const std::string body = answer.unchunked();
  const std::size_t role =
      body.find(R"("delta":{"role":"assistant","content":null,"reasoning_content":""})");
  const std::size_t reasoning = body.find(R"("delta":{"content":null,"reasoning_content":"S)");
  const std::size_t content = body.find(R"("delta":{"content":"This","reasoning_content":null})");
  const std::size_t finish = body.find(R"("finish_reason":"stop"}],"usage":{"prompt_tokens":5)");
  EXPECT_LT(role, reasoning);
  EXPECT_LT(reasoning, content);
  EXPECT_LT(content, finish);
  EXPECT_NE(finish, body.npos);
  EXPECT_TRUE(body.ends_with("\n\ndata: [DONE]\n\n"));
  EXPECT_TRUE(answer.bytes.ends_with("\r\n0\r\n\r\n"));
}

TEST_F(SimulatorTest, DoesNotThinkWhenToldNotTo) {
  const RawAnswer answer =
      post("/chat/completions",
           R"({"model":"deepseek-flash","thinking":{"type":"disabled"},"reasoning_effort":"high",)"
           R"("messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(answer.has("reasoning_content"));
  EXPECT_TRUE(answer.has(R"("reasoning_tokens":0)"));
}

TEST_F(SimulatorTest, OpenaiSendsUsageOnlyWhenAsked) {
  const RawAnswer silent = post("/v1/chat/completions", kGptStream);
  EXPECT_EQ(silent.status(), 200);
  EXPECT_FALSE(silent.has("usage"));
  const RawAnswer asked =
      post("/openai/v1/chat/completions",
           R"({"model":"gpt-5.5","stream":true,"stream_options":{"include_usage":true},)"
           R"("messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(asked.count(R"("choices":[],"usage":{)"), 1u);
  EXPECT_TRUE(asked.has(R"("usage":null)"));
  EXPECT_FALSE(asked.has("reasoning_content"));
}

TEST_F(SimulatorTest, CallsAToolWithFittingArguments) {
  const std::string body = R"({"model":"deepseek-v4-pro","stream":true,"tools":)" +
                           std::string(kWeatherTool) +
                           R"(,"messages":[{"role":"user","content":"Please use the tool"}]})";
  const std::string stream = post("/beta/chat/completions", body).unchunked();
  EXPECT_TRUE(stream.contains(R"("tool_calls":[{"index":0,"id":"call_00_)"));
  EXPECT_TRUE(stream.contains(R"("name":"get_weather","arguments":""})"));
  EXPECT_TRUE(stream.contains(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"city\":\)"));
  EXPECT_TRUE(stream.contains(R"("finish_reason":"tool_calls")"));

  const std::string forced = R"({"model":"gpt-5.5","tool_choice":"required","tools":)" +
                             std::string(kWeatherTool) +
                             R"(,"messages":[{"role":"user","content":"Hi"}]})";
  const RawAnswer whole = post("/v1/chat/completions", forced);
  EXPECT_TRUE(
      whole.has(R"("arguments":"{\"city\":\"simulated city\",\"unit\":\"C\",\"days\":1}")"));
  EXPECT_TRUE(whole.has(R"("content":null)"));
}

TEST_F(SimulatorTest, TakesValuesFromTheQuestion) {
  const std::string forced =
      R"({"model":"gpt-5.5","tool_choice":"required","tools":)" + std::string(kWeatherTool) +
      R"(,"messages":[{"role":"user","content":"It's for '青岛' and 12 days, 'not' 7"}]})";
  EXPECT_TRUE(post("/v1/chat/completions", forced)
                  .has(R"("arguments":"{\"city\":\"青岛\",\"unit\":\"C\",\"days\":12}")"));
}

TEST_F(SimulatorTest, FitsItsAnswerToASchema) {
  const RawAnswer answer = post(
      "/v1/chat/completions",
      R"({"model":"gpt-5.5","response_format":{"type":"json_schema","json_schema":{"name":"joke",)"
      R"("schema":{"type":"object","properties":{"setup":{"type":"string"},)"
      R"("rating":{"type":"integer"}}}}},"messages":[{"role":"user","content":"A joke"}]})");
  EXPECT_TRUE(answer.has(R"("content":"{\"setup\":\"simulated setup\",\"rating\":1}")"));
}

TEST_F(SimulatorTest, RefusesKeysAsTheProvidersDo) {
  const RawAnswer wrong =
      post("/chat/completions", kHello, "Authorization: Bearer sk-wrong-9876\r\n");
  EXPECT_EQ(wrong.status(), 401);
  EXPECT_TRUE(wrong.has("Authentication Fails, Your api key: ****9876 is invalid"));
  EXPECT_TRUE(wrong.has(R"("type":"authentication_error")"));
  const RawAnswer broke = post("/chat/completions", kHello, "Authorization: Bearer sk-broke\r\n");
  EXPECT_EQ(broke.status(), 402);
  EXPECT_TRUE(broke.has(R"({"error":{"message":"Insufficient Balance","type":"unknown_error",)"
                        R"("param":null,"code":"invalid_request_error"}})"));
  EXPECT_EQ(post("/v1/chat/completions", kGptStream, "").status(), 401);
  EXPECT_EQ(post("/v1/chat/completions", kGptStream, "Authorization: Bearer sk-wrong\r\n").status(),
            401);
}

TEST_F(SimulatorTest, ServesReasoningErrorsAsOctetStream) {
  const RawAnswer answer =
      post("/chat/completions",
           R"({"model":"deepseek-v4-flash","tools":)" + std::string(kWeatherTool) +
               R"(,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
               R"({"role":"user","content":"c"}]})");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_TRUE(answer.has("Content-Type: application/octet-stream\r\n"));
  EXPECT_TRUE(answer.bytes.ends_with(
      R"({"error":{"message":"The `reasoning_content` in the thinking mode must be passed back to )"
      R"(the API.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})"));
}

TEST_F(SimulatorTest, EchoesUnknownFieldsAndRefusesThemOnRequest) {
  constexpr std::string_view kBody =
      R"({"model":"gpt-4.1","foo":{"bar":[1, 2]},"messages":[{"role":"user","content":"a"}]})";
  EXPECT_TRUE(post("/v1/chat/completions", kBody).has(R"("echo":{"foo":{"bar":[1, 2]}})"));
  const RawAnswer strict =
      post("/v1/chat/completions", kBody, std::string(kKey) + "x-sim-strict: unknown-fields\r\n");
  EXPECT_EQ(strict.status(), 400);
  EXPECT_TRUE(strict.has("Unrecognized request argument supplied: foo"));
}

TEST_F(SimulatorTest, ReportsCachedTokensOfARepeatedPrompt) {
  const std::string body = R"({"model":"deepseek-flash","messages":[{"role":"user","content":")" +
                           std::string(1000, 'a') + R"("}]})";  // 4 + 300 tokens
  EXPECT_TRUE(post("/chat/completions", body).has(R"("prompt_cache_hit_tokens":0)"));
  EXPECT_TRUE(post("/chat/completions", body)
                  .has(R"("prompt_cache_hit_tokens":256,"prompt_cache_miss_tokens":48)"));
  EXPECT_TRUE(post("/chat/completions", body, "Authorization: Bearer sk-other\r\n")
                  .has(R"("prompt_cache_hit_tokens":0)"));
}

TEST_F(SimulatorTest, LogsWhatItReceivedWithoutTheKey) {
  post("/sim/deepseek/chat/completions?x=1", kHello, std::string(kKey) + "X-Custom: seen\r\n");
  const RawAnswer log = get("/sim/log");
  EXPECT_TRUE(log.has(R"("target":"/sim/deepseek/chat/completions?x=1")"));
  EXPECT_TRUE(log.has(R"("x-custom":"seen")"));
  EXPECT_TRUE(log.has(R"("authorization":"...1234")"));
  EXPECT_FALSE(log.has("sk-good"));
  EXPECT_TRUE(log.has(R"(\"content\":\"Hello tide\")"));
  EXPECT_EQ(exchange("POST", "/sim/reset", "", "").status(), 200);
  EXPECT_TRUE(get("/sim/log").has(R"({"requests":[]})"));
}

TEST_F(SimulatorTest, CountsClientsThatLeaveEarly) {
  {
    BlockingClient client(running_->address());
    client.send("POST", "/chat/completions", std::string(kKey) + "x-sim-fault: hang-stream-1\r\n",
                kHelloStream);
    const RawAnswer answer = client.read(100);
    EXPECT_TRUE(answer.stalled);
    EXPECT_EQ(answer.count("data: "), 1u);
    EXPECT_EQ(running_->simulator().in_flight(), 1);
  }
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (running_->simulator().in_flight() != 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(get("/sim/open").has(R"({"in_flight":0,"left_early":1,"served":1})"));
}

TEST_F(SimulatorTest, EndsWhileARequestHangs) {
  BlockingClient client(running_->address());
  client.send("POST", "/chat/completions", std::string(kKey) + "x-sim-fault: hang\r\n", kHello);
  EXPECT_TRUE(client.read(50).stalled);
  running_.reset();
  EXPECT_TRUE(client.read().bytes.empty());
}

TEST_F(SimulatorTest, ServesModelsAndRefusesOtherPaths) {
  EXPECT_TRUE(get("/models").has(R"({"id":"deepseek-v4-pro","object":"model")"));
  EXPECT_TRUE(get("/sim/openai/v1/models").has(R"("id":"gpt-5.5")"));
  EXPECT_EQ(get("/v1/nothing").status(), 404);
  EXPECT_EQ(get("/v1/chat/completions").status(), 405);
}

TEST_F(SimulatorTest, SaysWhenATestAsksForAFaultThatIsNone) {
  const RawAnswer answer =
      post("/chat/completions", kHello, std::string(kKey) + "x-sim-fault: hangs\r\n");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_TRUE(answer.has("Simulator: There is no fault 'hangs'."));
}

}  // namespace
}  // namespace tidegate::simulator
