#include "workload/workload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "workload/sample_body.h"
#include "workload/text_signals.h"

namespace tidegate::workload {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return std::move(out).str();
}

// The shipped default policy, restated: a golden conversation says which route it takes.
std::string default_route(const Workload& it) {
  if (it.context_tokens > 200'000 && it.tool_density < 0.3) return "long_context_discovery";
  if (it.context_tokens < 50'000 && it.tool_density < 0.2 && it.planning_score < 0.5) {
    return "short_task_batch";
  }
  return it.tool_density > 0.6 ? "terminal_agentic" : "critical_planning";
}

// What expect.json would say of this conversation, a line a fact.
std::string describe(const protocol::Conversation& conversation, const Workload& workload) {
  const auto& text = conversation.text;
  return fmt::format(
      "{{\n  \"messages\": {}, \"tools\": {}, \"images\": {}, \"assistant_steps\": {},\n"
      "  \"letters\": {}, \"runs\": {}, \"digits\": {}, \"breaks\": {}, \"spaces\": {}, "
      "\"punctuation\": {}, \"escapes\": {}, \"cjk\": {}, \"other_lead\": {},\n"
      "  \"context_tokens\": {},\n  \"tool_density\": {:.2f},\n  \"planning_score\": {:.2f},\n"
      "  \"route\": \"{}\"\n}}\n",
      workload.messages, workload.tools, workload.images, workload.assistant_steps, text.letters,
      text.runs, text.digits, text.breaks, text.spaces, text.punctuation, text.escapes, text.cjk,
      text.other_lead, workload.context_tokens, workload.tool_density,
      static_cast<double>(workload.planning_score), default_route(workload));
}

class Golden : public testing::TestWithParam<std::string> {};

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(TIDEGATE_SOURCE_DIR "/tests/golden/workload")) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST_P(Golden, MeasuresAsExpected) {
  const fs::path folder = fs::path(TIDEGATE_SOURCE_DIR) / "tests/golden/workload" / GetParam();
  std::string body = read_file(folder / "request.json");
  // A long context is grown here rather than kept as a file of a megabyte.
  constexpr std::string_view kFiller = "@FILLER@";
  if (const std::size_t at = body.find(kFiller); at != std::string::npos) {
    body.replace(at, kFiller.size(), json::escape(repeat_to(kSampleCode, 1'050'000)));
  }
  const auto conversation = protocol::read_conversation(body);
  ASSERT_TRUE(conversation) << conversation.error().message;
  EXPECT_EQ(describe(*conversation, measure(*conversation, {})), read_file(folder / "expect.json"));
}

INSTANTIATE_TEST_SUITE_P(Workload, Golden, testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param; });

protocol::Conversation with_tools(std::uint32_t tools, bool shell, bool edit) {
  protocol::Conversation conversation;
  conversation.tools = tools;
  conversation.shell_tools = shell;
  conversation.edit_tools = edit;
  return conversation;
}

TEST(ToolDensity, PriorGrowsWithToolsAndStaysBelowTerminalWork) {
  EXPECT_EQ(tool_density(with_tools(0, false, false)), 0);
  EXPECT_LT(tool_density(with_tools(3, false, false)), 0.2);
  EXPECT_LT(tool_density(with_tools(3, false, false)), tool_density(with_tools(6, false, false)));
  EXPECT_LT(tool_density(with_tools(500, false, false)), 0.3);
  EXPECT_GT(tool_density(with_tools(1, true, false)), 0.2);
  EXPECT_NEAR(tool_density(with_tools(500, true, true)), 0.55, 1e-9);
}

TEST(PlanningScore, IsOneAtMost) {
  std::string text = "plan architecture design refactor migrate roadmap strategy trade-off ";
  for (int i = 0; i < 500; ++i) text += fmt::format("\\n{}. src/file{}.cpp", i, i);
  protocol::Conversation conversation = with_tools(3, true, true);
  conversation.last_user_text = conversation.system_text = text;
  conversation.effort = protocol::Effort::max;
  EXPECT_EQ(planning_score(conversation), 1);
  EXPECT_EQ(planning_score({}), 0);
}

TEST(TextSignals, CountsWordsAtTheirBeginningOnly) {
  EXPECT_EQ(find_signals("PLAN it").planning_words, 1U);
  EXPECT_EQ(find_signals("now\\nPlanning, planned plans").planning_words, 1U);
  EXPECT_EQ(find_signals("planet plant explain airplane").planning_words, 0U);
  EXPECT_EQ(find_signals("Refactoring & Migration of the Architecture").planning_words, 3U);
  EXPECT_EQ(find_signals("the plan").planning_words, 1U);
  EXPECT_EQ(find_signals("迁移计划").planning_words, 2U);
  EXPECT_EQ(find_signals("\\u8FC1\\u79fb\\u8ba1\\u5212").planning_words, 2U);
  EXPECT_EQ(find_signals("").planning_words, 0U);
  EXPECT_EQ(find_signals("p").planning_words, 0U);
}

TEST(TextSignals, CountsDistinctFilesAndSteps) {
  EXPECT_EQ(find_signals("see src/a.cpp, src/a.cpp\\nb.py (c.test.ts)").files, 3U);
  EXPECT_EQ(find_signals("e.g. 3.14 v1.2 example.com a.b end.").files, 0U);
  EXPECT_EQ(find_signals("1. one\\n2) two\\n  3. three, in 1999. four").steps, 3U);
}

// The definition: looks at every place of the text.
void mark_all(std::string_view text, std::span<std::uint64_t> marks) {
  std::fill(marks.begin(), marks.end(), ~std::uint64_t{0});
  if (text.size() % 64 != 0) marks.back() = (std::uint64_t{1} << text.size() % 64) - 1;
}

// Texts of random pieces of what is looked for, some of them cut.
TEST(TextSignals, SievesLeaveOutNoPlace) {
  constexpr std::string_view kPieces[] = {
      "plan",  "Planning", "ned",      "planet",  "architect", "re",      "DEsign",  "design",
      "refac", "tor",      "migrat",   "road",    "map",       "strateg", "trade-",  "off",
      "mile",  "stone",    "decompos", "the ",    " ",         "\\n",     "\\t",     "\\b",
      "\\\\",  "x",        "\xE8",     "规",      "划",        "架构",    "路线图",  "数据",
      "方案",  "遷移",     "\\u89c4",  "\\u5212", "\\u8BA1",   ".",       ")",       "1",
      "23",    ". ",       ") ",       "\\n1. ",  "a.cpp",     "src/b.h", ".gradle", ".py",
      "_",     "-",        "/",        "é"};
  std::mt19937 random(5);
  std::uint64_t found = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string text;
    for (auto n = random() % (i % 50 == 0 ? 400 : 40); n > 0; --n) {
      text += kPieces[random() % std::size(kPieces)];
    }
    if (i % 3 == 0 && !text.empty()) text[random() % text.size()] = static_cast<char>(random());
    const TextSignals expected = find_signals(text, mark_all);
    ASSERT_EQ(find_signals(text), expected) << text;
    ASSERT_EQ(find_signals(text, mark_places_portably), expected) << text;
    found += expected.planning_words + expected.files + expected.steps;
  }
  EXPECT_GT(found, 50'000U);
}

TEST(TextSignals, LooksAtBothEndsOfALongText) {
  const std::string gap(100'000, 'x');
  EXPECT_EQ(find_signals("plan " + gap + " migrate it").planning_words, 2U);
  EXPECT_EQ(find_signals(gap + " migrate it " + gap).planning_words, 0U);
}

}  // namespace
}  // namespace tidegate::workload
