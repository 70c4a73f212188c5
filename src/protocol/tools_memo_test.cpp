#include "protocol/tools_memo.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/conversation.h"

namespace tidegate::protocol {
namespace {

std::string body(std::string_view tools, std::string_view rest = "}") {
  return fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"hi"}}],"tools":{}{})",
                     tools, rest);
}

std::string tool(std::string_view name) {
  return fmt::format(
      R"({{"type":"function","function":{{"name":"{}","description":"{}","parameters":{{}}}}}})",
      name, std::string(300, 'x'));
}

// What must not depend on what was read before.
void expect_same(std::string_view text, ToolsMemo& memo) {
  const auto fresh = read_conversation(text);
  const auto known = read_conversation(text, memo);
  ASSERT_EQ(fresh.has_value(), known.has_value()) << text;
  if (!fresh) {
    EXPECT_EQ(fresh.error().message, known.error().message);
    return;
  }
  EXPECT_EQ(fresh->tools, known->tools);
  EXPECT_EQ(fresh->edit_tools, known->edit_tools);
  EXPECT_EQ(fresh->shell_tools, known->shell_tools);
  EXPECT_EQ(fresh->text, known->text);
}

TEST(ToolsMemo, AKnownArrayGivesWhatReadingItGives) {
  ToolsMemo memo;
  const std::string one = "[" + tool("edit_file") + "]";
  const std::string two = "[" + tool("edit_file") + "," + tool("bash") + "]";
  for (int i = 0; i < 3; ++i) {
    for (const std::string& tools : {one, two}) {
      expect_same(body(tools), memo);
      expect_same(body(tools, " , \"n\": 1 }"), memo);
      expect_same(body(tools, "]}"), memo);
      expect_same(body(tools, ",\"tools\":[]}"), memo);
      expect_same(body(tools, ""), memo);
    }
  }
  EXPECT_NE(memo.find(one + "}"), nullptr);
  EXPECT_EQ(memo.find(one.substr(0, one.size() - 1)), nullptr);
}

TEST(ToolsMemo, ForgetsAndStaysRight) {
  ToolsMemo memo;
  for (int i = 0; i < 200; ++i) {
    expect_same(body("[" + tool(fmt::format("tool_{}", i % 70)) + "]"), memo);
  }
}

TEST(ToolsMemo, KeepsNothingThatWasMalformed) {
  ToolsMemo memo;
  const std::string bad = "[" + tool("a") + ",]";
  expect_same(body(bad), memo);
  expect_same(body(bad), memo);
  EXPECT_EQ(memo.find(bad), nullptr);
}

}  // namespace
}  // namespace tidegate::protocol
