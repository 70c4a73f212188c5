// What the strict providers refuse, and in which words.
#include "simulator/rules.h"

#include <gtest/gtest.h>

#include "simulator/tokens.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kAccepted = "accepted";
constexpr std::string_view kReasoning =
    "The `reasoning_content` in the thinking mode must be passed back to the API.";

// The error's message, or "accepted"; `status` gets the status when asked for.
std::string judge(Provider provider, std::string body, const Options& options = {},
                  int* status = nullptr) {
  const auto request = read_request(body);
  std::optional<Refusal> refusal;
  if (!request) {
    refusal = refuse_body(provider, request.error(), body);
  } else if (provider == Provider::deepseek) {
    refusal = check_deepseek(*request, body, count_tokens(*request), options);
  } else {
    refusal = check_openai(*request, count_tokens(*request), options);
  }
  if (!refusal) return std::string(kAccepted);
  if (status != nullptr) *status = refusal->status;
  return refusal->message;
}

// Two assistant turns, the first with a tool call; `first` and `second` are members added to them.
std::string history(std::string_view fields, std::string_view first, std::string_view second) {
  std::string body = R"({"model":"deepseek-v4-pro",)";
  body.append(fields);
  body += R"("messages":[{"role":"user","content":"q"},{"role":"assistant","content":"",)";
  body.append(first);
  body +=
      R"("tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"r"},{"role":"assistant",)";
  body.append(second);
  return body + R"("content":"a"},{"role":"user","content":"q2"}]})";
}

constexpr std::string_view kTools =
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}],)";
constexpr std::string_view kThought = R"("reasoning_content":"t",)";

std::string deepseek(std::string_view fields, std::string_view first, std::string_view second,
                     const Options& options = {}) {
  return judge(Provider::deepseek, history(fields, first, second), options);
}

TEST(ReasoningRule, WithToolsEveryAssistantTurnMustBringItsReasoning) {
  EXPECT_EQ(deepseek(kTools, kThought, kThought), kAccepted);
  EXPECT_EQ(deepseek(kTools, kThought, ""), kReasoning);
  EXPECT_EQ(deepseek(kTools, "", kThought), kReasoning);
  EXPECT_EQ(deepseek(kTools, kThought, R"("reasoning_content":null,)"), kReasoning);
}

TEST(ReasoningRule, WithoutToolsOnlyTurnsThatCalledOneMust) {
  EXPECT_EQ(deepseek("", kThought, ""), kAccepted);
  EXPECT_EQ(deepseek("", "", kThought), kReasoning);
}

TEST(ReasoningRule, DoesNotHoldWithoutThinking) {
  const std::string off = R"("thinking":{"type":"disabled"},)" + std::string(kTools);
  EXPECT_EQ(deepseek(off, "", ""), kAccepted);
  EXPECT_EQ(deepseek(R"("reasoning_effort":"none",)", "", ""), kAccepted);
  EXPECT_EQ(deepseek(R"("thinking":{"type":"enabled"},)", "", ""), kReasoning);
}

TEST(ReasoningRule, EmptyReasoningIsASwitch) {
  constexpr std::string_view kEmpty = R"("reasoning_content":"",)";
  EXPECT_EQ(deepseek(kTools, kEmpty, kThought), kAccepted);
  EXPECT_EQ(deepseek(kTools, kEmpty, kThought, {.refuse_empty_reasoning = true}), kReasoning);
}

std::string ask(std::string_view fields) {
  return R"({"model":"deepseek-v4-flash",)" + std::string(fields) +
         R"("messages":[{"role":"user","content":"Hi"}]})";
}

TEST(DeepseekRules, NameTheRoleWithItsPlace) {
  EXPECT_EQ(judge(Provider::deepseek,
                  R"({"model":"deepseek-flash","messages":[{"role":"user","content":"a"},)"
                  "\n"
                  R"({"role":"developer","content":"b"}]})"),
            "Failed to deserialize the JSON body into the target type: messages[1].role: unknown "
            "variant `developer`, expected one of `system`, `user`, `assistant`, `tool`, "
            "`latest_reminder` at line 2 column 19");
}

TEST(DeepseekRules, CheckParameters) {
  int status = 0;
  EXPECT_TRUE(judge(Provider::deepseek, ask(R"("reasoning_effort":"huge",)"), {}, &status)
                  .contains("reasoning_effort: unknown variant `huge`"));
  EXPECT_EQ(status, 422);
  EXPECT_EQ(judge(Provider::deepseek, ask(R"("max_tokens":393217,)")),
            "Invalid max_tokens value, the valid range of max_tokens is [1, 393216]");
  EXPECT_EQ(judge(Provider::deepseek, ask(R"("max_tokens":393216,)")), kAccepted);
  EXPECT_EQ(judge(Provider::deepseek, ask(R"("max_tokens":50,)"), {.deepseek_context = 54}),
            "This model's maximum context length is 54 tokens. However, you requested 55 tokens "
            "(5 in the messages, 50 in the completion). Please reduce the length of the messages "
            "or completion.");
  EXPECT_EQ(judge(Provider::deepseek, ask(std::string(kTools) + R"("tool_choice":"required",)")),
            "Thinking mode does not support this tool_choice");
  EXPECT_EQ(judge(Provider::deepseek, ask(R"("tools":[{"type":"web_search"}],)")),
            "Failed to deserialize the JSON body into the target type: tools[0].type: unknown "
            "variant `web_search`, expected `function` at line 1 column 58");
  EXPECT_TRUE(judge(Provider::deepseek, ask(R"("stream_options":{},)")).contains("stream = true"));
  EXPECT_TRUE(judge(Provider::deepseek, ask(R"("response_format":{"type":"json_object"},)"))
                  .contains("the word 'json'"));
  EXPECT_EQ(judge(Provider::deepseek, R"({"model":"deepseek-chat","messages":[]})"),
            "Model Not Exist");
}

TEST(DeepseekRules, RefuseReasoningAsAContentPart) {
  EXPECT_TRUE(judge(Provider::deepseek,
                    R"({"model":"deepseek-flash","messages":[{"role":"user","content":)"
                    R"([{"type":"text","text":"a"},{"type":"reasoning","text":"b"}]}]})")
                  .contains("messages[0].content[1].type: unknown variant `reasoning`"));
}

TEST(ToolResults, MustFollowTheirCalls) {
  constexpr std::string_view kCall =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",)"
      R"("function":{"name":"f","arguments":"{}"}}]})";
  const auto messages = [](std::string list) {
    return R"({"model":"gpt-5.5","messages":[)" + list + "]}";
  };
  EXPECT_TRUE(
      judge(Provider::openai, messages(R"({"role":"tool","tool_call_id":"c1","content":"r"})"))
          .starts_with("Messages with role 'tool' must be a response"));
  EXPECT_TRUE(
      judge(Provider::openai, messages(std::string(kCall) + R"(,{"role":"user","content":"q"})"))
          .ends_with("did not have response messages: c1"));
  EXPECT_EQ(
      judge(Provider::openai,
            messages(std::string(kCall) + R"(,{"role":"tool","tool_call_id":"c1","content":"r"})")),
      kAccepted);
}

TEST(OpenaiRules, CheckParameters) {
  const auto gpt = [](std::string_view fields) {
    return R"({"model":"gpt-5.5",)" + std::string(fields) +
           R"("messages":[{"role":"developer","content":"Hi"}]})";
  };
  EXPECT_EQ(judge(Provider::openai, gpt("")), kAccepted);
  EXPECT_TRUE(judge(Provider::openai, gpt(R"("top_p":1.5,)"))
                  .contains("Invalid 'top_p': decimal above maximum value. Expected a value <= 1"));
  EXPECT_TRUE(judge(Provider::openai, gpt(R"("temperature":-1,)"))
                  .contains("Invalid 'temperature': decimal below minimum value"));
  EXPECT_EQ(judge(Provider::openai, gpt(R"("temperature":2,"top_p":0,)")), kAccepted);
  EXPECT_TRUE(judge(Provider::openai, gpt(R"("tools":[{"type":"function","function":{"name":"f",)"
                                          R"("parameters":{"type":"string"}}}],)"))
                  .contains("schema must be a JSON Schema of 'type: \"object\"', got 'type: "
                            "\"string\"'"));
  EXPECT_TRUE(judge(Provider::openai, gpt(R"("max_tokens":5,)"))
                  .contains("Use 'max_completion_tokens' instead."));
  EXPECT_EQ(judge(Provider::openai, gpt(R"("max_completion_tokens":128000,)")), kAccepted);
  EXPECT_TRUE(judge(Provider::openai, gpt(R"("max_completion_tokens":128001,)"))
                  .starts_with("max_completion_tokens is too large: 128001."));
  EXPECT_TRUE(judge(Provider::openai, gpt(""), {.openai_input = 4})
                  .contains("configured limit of 4 tokens. Your messages resulted in 5 tokens"));
  int status = 0;
  EXPECT_EQ(judge(Provider::openai, R"({"model":"no-such-model","messages":[]})", {}, &status),
            "The model `no-such-model` does not exist or you do not have access to it.");
  EXPECT_EQ(status, 404);
}

TEST(Bodies, AreRefusedInTheProvidersWords) {
  EXPECT_TRUE(judge(Provider::openai, "{\"model\":").starts_with("We could not parse the JSON"));
  EXPECT_TRUE(
      judge(Provider::deepseek, "").starts_with("Failed to parse the request body as JSON"));
  EXPECT_EQ(judge(Provider::openai, R"({"model":"m"})"), "Missing required parameter: 'messages'.");
  EXPECT_EQ(judge(Provider::deepseek, R"({"model":"m"})"),
            "Failed to deserialize the JSON body into the target type: missing field `messages` at "
            "line 1 column 13");
  EXPECT_EQ(judge(Provider::openai, R"({"model":"m","messages":[{"role":7}]})"),
            "Invalid type for 'messages[0].role': expected a string, but got a number instead.");
  EXPECT_TRUE(judge(Provider::openai, "[]").contains("expected an object"));
}

std::string judge_beta(std::string_view tool, std::string_view last, bool beta) {
  const std::string body =
      R"({"model":"deepseek-v4-pro","thinking":{"type":"disabled"},"tools":[)" + std::string(tool) +
      R"(],"messages":[{"role":"user","content":"q"},)" + std::string(last) + "]}";
  const auto request = read_request(body);
  EXPECT_TRUE(request.has_value()) << body;
  const auto refusal = check_deepseek(*request, body, count_tokens(*request), {}, beta);
  return refusal ? refusal->message : std::string(kAccepted);
}

std::string strict_tool(std::string_view schema) {
  return R"({"type":"function","function":{"name":"f","strict":true,"parameters":)" +
         std::string(schema) + "}}";
}

constexpr std::string_view kUser = R"({"role":"user","content":"q"})";

TEST(Deepseek, PrefixAndStrictToolsAreForTheBetaPath) {
  constexpr std::string_view kPrefix = R"({"role":"assistant","content":"a","prefix":true})";
  constexpr std::string_view kOnly =
      " is only available when using beta api (set base_url=\"https://api.deepseek.com/beta\")";
  EXPECT_EQ(judge_beta("", kPrefix, true), kAccepted);
  EXPECT_EQ(judge_beta("", kPrefix, false), "prefix" + std::string(kOnly));
  EXPECT_EQ(judge_beta(strict_tool("{}"), kUser, true), kAccepted);
  EXPECT_EQ(judge_beta(strict_tool("{}"), kUser, false), "strict" + std::string(kOnly));
  EXPECT_TRUE(judge_beta("", std::string(kPrefix) + "," + std::string(kUser), true)
                  .contains("last message"));
}

TEST(Deepseek, StrictSchemasNameAllPropertiesAndTakeNoOthers) {
  const auto judged = [](std::string_view schema) {
    return judge_beta(strict_tool(schema), kUser, true);
  };
  EXPECT_EQ(judged(R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)"
                   R"("additionalProperties":false})"),
            kAccepted);
  EXPECT_TRUE(judged(R"({"type":"object","properties":{"a":{}},"required":[],)"
                     R"("additionalProperties":false})")
                  .contains("'a' must be required"));
  EXPECT_TRUE(judged(R"({"type":"object","properties":{},"required":[]})")
                  .contains("additionalProperties"));
  EXPECT_TRUE(judged(R"({"properties":{"a":{"type":"array","items":{"anyOf":[{"minLength":2}]}}},)"
                     R"("required":["a"],"additionalProperties":false})")
                  .contains("'minLength' is not supported"));
  EXPECT_TRUE(judge_beta(strict_tool("{}") +
                             R"(,{"type":"function","function":{"name":"g","parameters":{}}})",
                         kUser, true)
                  .contains("All functions"));
}

}  // namespace
}  // namespace tidegate::simulator
