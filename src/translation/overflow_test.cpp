#include "translation/overflow.h"

#include <gtest/gtest.h>

#include "translation/cargo.h"

namespace tidegate::translation {
namespace {

using protocol::Surface;

// Ten tokens a letter: messages of one letter are easy to add up.
Tokens tens(const PromptSize& size) {
  return static_cast<Tokens>(10 * size.text.letters + 1000 * size.images);
}

// What is left of messages that are given and compared without their surroundings.
std::string left(Surface surface, std::string_view messages, Tokens limit, Drop drop) {
  const char* list = surface == Surface::responses ? "input" : "messages";
  const std::string front = std::string(R"({"model":"m",")") + list + "\":[";
  const std::string body = front + std::string(messages) + "],\"x\":1}";
  auto truncation = truncate(surface, body, drop, limit, tens);
  if (!truncation) return truncation.error().message;
  const std::string out = translation::apply(body, std::move(truncation->cuts));
  EXPECT_TRUE(out.starts_with(front) && out.ends_with("],\"x\":1}")) << out;
  return out.substr(front.size(), out.size() - front.size() - 8);
}

constexpr std::string_view kMarker = R"({"role":"user","content":"[)";

TEST(Overflow, LeavesAloneWhatFits) {
  EXPECT_EQ(left(Surface::chat, R"({"role":"user","content":"aaaa"})", 40, Drop::oldest),
            R"({"role":"user","content":"aaaa"})");
}

// Each of the texts below is 1,000 tokens.
const std::string kText(100, 'a');
std::string chat(std::string_view role, std::string_view rest = "") {
  return R"({"role":")" + std::string(role) + R"(","content":")" + kText + "\"" +
         std::string(rest) + "}";
}

TEST(Overflow, LeavesOutTheOldestButTheSystemPrompt) {
  const std::string system = chat("system"), user = chat("user"), assistant = chat("assistant");
  const std::string all =
      system + ", " + user + "," + assistant + " ," + user + "," + assistant + "," + user;
  // Of 6,000 go an eighth more than 2,000: three messages, with the marker's 260 in their place.
  EXPECT_EQ(left(Surface::chat, all, 4000, Drop::oldest),
            system + ", " + R"({"role":"user","content":"[3 earlier messages were left out]"},)" +
                assistant + "," + user);
  EXPECT_EQ(left(Surface::chat, all, 4000, Drop::middle),
            system + ", " + user + "," +
                R"({"role":"user","content":"[3 earlier messages were left out]"},)" + user);
}

TEST(Overflow, SaysWhatMustStay) {
  const std::string all = chat("system") + "," + chat("user") + "," + chat("user");
  EXPECT_EQ(left(Surface::chat, all, 1500, Drop::oldest),
            "the prompt is about 3000 tokens, expected at most 1500 beside the answer; what must "
            "stay of it (system prompt, tools, the last turn) is about 2260 tokens");
  EXPECT_EQ(left(Surface::chat, all, 2400, Drop::oldest),
            chat("system") + "," +
                R"({"role":"user","content":"[1 earlier message was left out]"},)" + chat("user"));
  const auto error =
      truncate(Surface::responses, R"({"input":"aaaaaaaaaaaa"})", Drop::oldest, 100, tens);
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().code, ErrorCode::too_large);
  EXPECT_EQ(error.error().field, "messages");
  EXPECT_FALSE(truncate(Surface::chat, R"({"messages":[)", Drop::oldest, 1, tens).has_value());
}

TEST(Overflow, KeepsCallsAndTheirResultsTogether) {
  const std::string call = chat("assistant", R"(,"tool_calls":[{"id":"c1","type":"function",)"
                                             R"("function":{"name":"f","arguments":"{}"}}])");
  const std::string result = chat("tool", R"(,"tool_call_id":"c1")");
  const std::string user = chat("user");
  const std::string all = user + "," + call + "," + result + "," + chat("assistant") + "," + user;
  const std::string out = left(Surface::chat, all, 3500, Drop::middle);
  EXPECT_EQ(out, user + "," + R"({"role":"user","content":"[2 earlier messages were left out]"},)" +
                     chat("assistant") + "," + user);
}

TEST(Overflow, KeepsTheCutWhereItWasWhileAConversationGrows) {
  std::string messages = chat("system");
  std::string before;
  int moves = 0;
  for (int turn = 0; turn < 200; ++turn) {
    messages += "," + chat("user") + "," + chat("assistant");
    const std::string out =
        left(Surface::chat, messages + "," + chat("user"), 32'000, Drop::oldest);
    const std::string beginning = out.substr(0, out.find(" earlier"));
    moves += turn > 0 && beginning != before && out.contains(kMarker) ? 1 : 0;
    before = beginning;
  }
  // 400 messages were added; each move cuts about four.
  EXPECT_GT(moves, 60);
  EXPECT_LT(moves, 110);
}

std::string thinking(std::string_view signature) {
  return R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":")" +
         std::string(signature) + R"("},{"type":"tool_use","id":"c","name":"f","input":{"a":")" +
         kText + R"("}}]})";
}

TEST(Overflow, LeavesOutTurnsWithSealedReasoningAsAWhole) {
  const std::string
      user = chat("user"),
      result =
          R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"r"}]})";
  const auto session = [&](std::string_view signature) {
    return user + "," + thinking(signature) + "," + result + "," + thinking(signature) + "," +
           result + "," + user;
  };
  const auto out = [&](std::string_view signature) {
    return left(Surface::messages, session(signature), 3700, Drop::middle);
  };
  const std::string two = R"({"role":"user","content":"[2 earlier messages were left out]"},)";
  const std::string four = R"({"role":"user","content":"[4 earlier messages were left out]"},)";
  EXPECT_EQ(out("EqQBCg"), user + "," + four + user);
  EXPECT_EQ(out(""), user + "," + two + thinking("") + "," + result + "," + user);
  // Reasoning in our own envelope proves nothing, and its turn may be cut anywhere.
  const std::string open = wrap({Seal::none, "deepseek/deepseek-v4-pro", "", "", ""});
  EXPECT_EQ(out(open), user + "," + two + thinking(open) + "," + result + "," + user);
  const std::string sealed = wrap({Seal::openai_encrypted, "openai/gpt-5.5", "", "p", ""});
  EXPECT_EQ(out(sealed), user + "," + four + user);
}

TEST(Overflow, LeavesOutTheOldestStepsOfALoopThatIsStillOpen) {
  const std::string task = chat("user");
  const auto step = [](int id) {
    const std::string call = std::to_string(id);
    return chat("assistant", R"(,"tool_calls":[{"id":")" + call + R"(","type":"function",)" +
                                 R"("function":{"name":"f","arguments":"{}"}}])") +
           "," + chat("tool", R"(,"tool_call_id":")" + call + R"(")");
  };
  std::string loop = task;
  for (int id = 1; id <= 5; ++id) loop += "," + step(id);
  for (const Drop drop : {Drop::oldest, Drop::middle}) {
    EXPECT_EQ(left(Surface::chat, loop, 6000, drop),
              task + "," + R"({"role":"user","content":"[6 earlier messages were left out]"},)" +
                  step(4) + "," + step(5));
  }
  const std::string body = R"({"messages":[)" + loop + "]}";
  EXPECT_EQ(truncate(Surface::chat, body, Drop::oldest, 6000, tens)->note(),
            "truncated 6 messages (3 tool calls)");
  EXPECT_EQ(left(Surface::chat, loop, 3000, Drop::oldest),
            "the prompt is about 11050 tokens, expected at most 3000 beside the answer; what must "
            "stay of it (system prompt, tools, the last turn) is about 3270 tokens");
}

// What an open loop's providers check is beside each step's calls, and each step goes as a whole.
TEST(Overflow, LeavesOutStepsWithSealedReasoningOfAnOpenLoop) {
  const std::string task = chat("user");
  const auto step = [](const std::string& id) {
    return R"({"type":"reasoning","id":"rs_)" + id + R"(","encrypted_content":"x","summary":[]},)" +
           R"({"type":"function_call","call_id":")" + id + R"(","name":"f","arguments":")" + kText +
           R"("},{"type":"function_call_output","call_id":")" + id + R"(","output":"r"})";
  };
  EXPECT_EQ(left(Surface::responses, task + "," + step("1") + "," + step("2") + "," + step("3"),
                 3300, Drop::oldest),
            task + "," + R"({"role":"user","content":"[6 earlier messages were left out]"},)" +
                step("3"));
}

TEST(Overflow, KeepsWhatTheProviderStored) {
  // Results of calls that a previous response made, and a summary of what came before it.
  const std::string output =
      R"({"type":"function_call_output","call_id":"c9","output":")" + kText + "\"}";
  const std::string summary = R"({"type":"compaction","encrypted_content":"x"})";
  const std::string user = chat("user");
  EXPECT_EQ(left(Surface::responses, output + "," + summary + "," + user + "," + user, 2500,
                 Drop::oldest),
            output + "," + summary + "," +
                R"({"role":"user","content":"[1 earlier message was left out]"},)" + user);
}

TEST(Overflow, NeverLeavesOutAllWithoutAUserMessage) {
  EXPECT_TRUE(left(Surface::chat, chat("assistant") + "," + chat("assistant"), 1500, Drop::oldest)
                  .ends_with("is about 2000 tokens"));
}

TEST(Overflow, ThePromptHasAtLeastAQuarterOfTheWindow) {
  EXPECT_EQ(room_for_prompt(200'000, 64'000), 136'000);
  EXPECT_EQ(room_for_prompt(200'000, 0), 200'000);
  EXPECT_EQ(room_for_prompt(128'000, 128'000), 32'000);
}

}  // namespace
}  // namespace tidegate::translation
