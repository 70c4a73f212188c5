#include "engine/turn_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "engine/memory_journal.h"
#include "engine/redaction.h"
#include "engine/tool_names.h"
#include "engine/turn_messages.h"
#include "loop/run_task.h"

namespace tidegate::engine {
namespace {

using mcp::Answer;
using mcp::ToolResult;

class NoScope final : public workflow::Scope {
 public:
  workflow::Value input(std::string_view) const override { return {}; }
  const workflow::Need* need(std::string_view) const override { return nullptr; }
  std::vector<const workflow::Need*> needs() const override { return {}; }
  workflow::Value item() const override { return {}; }
  std::int64_t item_index() const override { return -1; }
  std::string_view item_key() const override { return {}; }
  workflow::Value run(std::string_view) const override { return {}; }
};

ToolResult text(std::string of) {
  ToolResult result;
  result.content.push_back({mcp::Content::Kind::text, std::move(of), {}, {}, {}, {}});
  return result;
}

// Tools that do what a test says, and count it.
class ScriptedTools final : public ToolSource {
 public:
  using Act = std::function<Answer<ToolResult>(const std::string& arguments)>;

  void add(const std::string& name, mcp::Hints hints, Act act) {
    offered_.push_back({name, {model_names({name})[0], "does " + name, "{}"}, hints});
    acts_[name] = std::move(act);
  }
  Task<Answer<std::unique_ptr<ToolSet>>> open(const workflow::Workflow&, const workflow::Task&,
                                              const workflow::Scope&, Cancel&) override {
    if (problem) co_return std::unexpected(*problem);
    co_return std::unique_ptr<ToolSet>(std::make_unique<Set>(*this));
  }

  std::map<std::string, int> calls;
  int beside = 0, most_beside = 0;
  Loop* slow = nullptr;  // calls take a while
  std::function<void()> during;
  std::optional<mcp::Failure> problem;

 private:
  class Set final : public ToolSet {
   public:
    explicit Set(ScriptedTools& tools) : tools_(tools) {}
    std::span<const OfferedTool> offered() const override { return tools_.offered_; }
    Task<Answer<ToolResult>> call(std::size_t index, std::string arguments,
                                  Cancel& cancel) override {
      const std::string name = tools_.offered_[index].name;
      ++tools_.calls[name];
      tools_.most_beside = std::max(tools_.most_beside, ++tools_.beside);
      if (tools_.slow != nullptr) {
        co_await tools_.slow->sleep_until(tools_.slow->now() + 1ms);
      }
      if (tools_.during) tools_.during();
      --tools_.beside;
      if (cancel.canceled()) co_return mcp::failed(ErrorCode::canceled, "left");
      co_return tools_.acts_[name](arguments);
    }

   private:
    ScriptedTools& tools_;
  };
  std::vector<OfferedTool> offered_;
  std::map<std::string, Act> acts_;
};

AskResult says(std::string answer) {
  engine::Answer out;
  out.text = std::move(answer);
  return out;
}

AskResult wants(std::vector<ToolCall> calls, std::string reasoning = {}) {
  engine::Answer out;
  out.tool_calls = std::move(calls);
  out.reasoning = std::move(reasoning);
  out.usage = Usage{.prompt = 100, .completion = 10};
  return out;
}

class ScriptedConversation final : public Conversation {
 public:
  explicit ScriptedConversation(std::deque<AskResult> answers) : answers_(std::move(answers)) {
    task_.settings = settings;
  }
  Task<AskResult> ask(std::span<const workflow::ToolForm> tools,
                      std::span<const std::string> more) override {
    asked.emplace_back(more.begin(), more.end());
    forms.assign(tools.begin(), tools.end());
    if (answers_.empty()) co_return says("done");
    AskResult answer = std::move(answers_.front());
    answers_.pop_front();
    co_return answer;
  }
  Journal& journal() override { return kept; }
  RunId run() const override { return {7}; }
  std::uint32_t task() const override { return 3; }
  std::uint32_t attempt() const override { return static_cast<std::uint32_t>(asked.size()); }
  const workflow::Workflow& workflow() const override { return workflow_; }
  const workflow::Task& definition() const override { return task_; }
  const workflow::Scope& scope() const override { return scope_; }
  std::span<const StoredTurn> before() const override { return stored; }
  std::vector<StoredTurn>* memory() override { return &stored; }
  WallTime now() const override { return WallTime{1s}; }
  Cancel& cancel() override { return cancel_; }
  Bytes redacted(Bytes bytes) const override {
    return engine::redacted(std::move(bytes), std::vector<std::string>{"hunter22"});
  }

  std::shared_ptr<workflow::TaskSettings> settings = std::make_shared<workflow::TaskSettings>();
  MemoryJournal kept{MemoryJournal::Keep::records};
  std::vector<std::vector<std::string>> asked;
  std::vector<workflow::ToolForm> forms;
  std::vector<StoredTurn> stored;

 private:
  std::deque<AskResult> answers_;
  workflow::Workflow workflow_;
  workflow::Task task_;
  NoScope scope_;
  Cancel cancel_;
};

class TurnLoopTest : public testing::Test {
 protected:
  TurnLoopTest() {
    tools.add("repo.read", {.read_only = true},
              [](const std::string& arguments) { return text("read " + arguments); });
    tools.add("repo.write", {}, [](const std::string&) { return text("written"); });
  }
  static Task<void> lead(TurnLoop& turns, Conversation& conversation, AskResult& out) {
    out = co_await turns.converse(conversation);
  }
  AskResult converse(ScriptedConversation& conversation) {
    TurnLoop turns(loop, tools, limits);
    AskResult out = std::unexpected(Failure{});
    run_task(loop, lead(turns, conversation, out));
    return out;
  }

  const SystemClock clock;
  Loop loop{clock};
  ScriptedTools tools;
  TurnLimits limits{.tries = 3, .first_wait = 1ms};
};

std::string shown(const AskResult& result) {
  return result ? result->text : "error: " + result.error().error.message;
}

TEST_F(TurnLoopTest, AsksAgainWithTheResultsUntilThereIsAnAnswer) {
  ScriptedConversation conversation(
      {wants({{"c1", "repo__read", R"({"b":1,"a":2})"}}, "I must look"), says("the answer")});
  EXPECT_EQ(shown(converse(conversation)), "the answer");
  ASSERT_EQ(conversation.asked.size(), 2u);
  EXPECT_TRUE(conversation.asked[0].empty());
  ASSERT_EQ(conversation.asked[1].size(), 2u);
  EXPECT_EQ(conversation.asked[1][0],
            R"({"role":"assistant","content":null,"reasoning_content":"I must look","tool_calls":)"
            R"([{"id":"c1","type":"function","function":{"name":"repo__read","arguments":)"
            R"("{\"b\":1,\"a\":2}"}}]})");
  EXPECT_EQ(conversation.asked[1][1],
            R"({"role":"tool","tool_call_id":"c1","content":"read {\"a\":2,\"b\":1}"})");
  ASSERT_EQ(conversation.forms.size(), 2u);
  EXPECT_EQ(conversation.forms[0].name, "repo__read");
}

TEST_F(TurnLoopTest, WritesEveryStepDownBeforeAndAfter) {
  ScriptedConversation conversation({wants({{"c1", "repo__write", "{}"}}), says("ok")});
  std::ignore = converse(conversation);
  const std::vector<Record>& records = conversation.kept.records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(std::get<AddTurn>(records[0]).results, nullptr);
  EXPECT_EQ(std::get<AddTurn>(records[0]).number, 1u);
  EXPECT_EQ(std::get<SetToolCall>(records[1]).result, nullptr);
  EXPECT_EQ(std::get<SetToolCall>(records[1]).tool, "repo.write");
  EXPECT_EQ(*std::get<SetToolCall>(records[2]).result, "written");
  EXPECT_NE(std::get<AddTurn>(records[3]).results, nullptr);
}

TEST_F(TurnLoopTest, WritesNoSecretDown) {
  tools.add("vault.login", {.idempotent = true},
            [](const std::string& arguments) { return text("token of " + arguments); });
  const std::vector<ToolCall> calls{{"c1", "vault__login", R"({"password":"hunter22"})"}};
  ScriptedConversation conversation({wants(calls, "it is hunter22"), says("ok")});
  std::ignore = converse(conversation);
  // The model and the tool have seen it, the journal has not.
  EXPECT_EQ(
      conversation.asked[1][1],
      R"({"role":"tool","tool_call_id":"c1","content":"token of {\"password\":\"hunter22\"}"})");
  std::string written;
  for (const Record& record : conversation.kept.records()) {
    if (const auto* turn = std::get_if<AddTurn>(&record)) {
      written += *turn->answer + (turn->results ? *turn->results : "");
    } else if (const auto* call = std::get_if<SetToolCall>(&record)) {
      written += *call->arguments + (call->result ? *call->result : "");
    }
  }
  EXPECT_EQ(written.find("hunter22"), std::string::npos) << written;
  EXPECT_NE(written.find(R"({"password":"***"})"), std::string::npos) << written;

  // A later process has no more than that, and does not call the tool with it.
  ScriptedConversation later({says("ok")});
  later.stored = {{.number = 1,
                   .answer = std::get<AddTurn>(conversation.kept.records()[0]).answer,
                   .results = nullptr,
                   .calls = {std::get<SetToolCall>(conversation.kept.records()[1])}}};
  tools.calls.clear();
  EXPECT_EQ(shown(converse(later)), "ok");
  EXPECT_TRUE(tools.calls.empty());
  EXPECT_NE(later.asked[0][1].find("a secret in its arguments was not written down"),
            std::string::npos)
      << later.asked[0][1];
}

TEST_F(TurnLoopTest, NeverMakesACallOfAToolThatTheTaskDoesNotHave) {
  ScriptedConversation conversation(
      {wants({{"c1", "jira__delete_all", "{}"}, {"c2", "repo__read", "not json"}}), says("sorry")});
  EXPECT_EQ(shown(converse(conversation)), "sorry");
  EXPECT_TRUE(tools.calls.empty());
  EXPECT_NE(conversation.asked[1][1].find(
                "this task has no tool \\\"jira__delete_all\\\". Its tools are: repo__read"),
            std::string::npos)
      << conversation.asked[1][1];
  EXPECT_NE(conversation.asked[1][2].find("not a JSON object"), std::string::npos);
}

TEST_F(TurnLoopTest, ReadsSideBySideAndWritesInOrder) {
  tools.slow = &loop;
  ScriptedConversation reads({wants({{"a", "repo__read", R"({"n":1})"},
                                     {"b", "repo__read", R"({"n":2})"},
                                     {"c", "repo__read", R"({"n":3})"}})});
  std::ignore = converse(reads);
  EXPECT_EQ(tools.most_beside, 3);
  EXPECT_NE(reads.asked[1][3].find(R"(read {\"n\":3})"), std::string::npos);  // in their order
  tools.most_beside = 0;
  ScriptedConversation writes({wants({{"a", "repo__write", R"({"n":1})"},
                                      {"b", "repo__read", R"({"n":2})"},
                                      {"c", "repo__write", R"({"n":3})"}})});
  std::ignore = converse(writes);
  EXPECT_EQ(tools.most_beside, 1);
}

TEST_F(TurnLoopTest, EndsAModelThatTurnsInCircles) {
  std::deque<AskResult> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(
        wants({{"c", "repo__read", i % 2 == 0 ? R"({"a":1,"b":2})" : R"({ "b": 2, "a": 1 })"}}));
  }
  ScriptedConversation conversation(answers);
  conversation.settings->guards = {.turns = 50, .repeat_tool_call = 3, .tokens = 0};
  EXPECT_EQ(shown(converse(conversation)),
            "error: the model goes on calling repo.read with the same arguments, after 3 times "
            "(limits.repeat_tool_call)");
  EXPECT_EQ(tools.calls["repo.read"], 3);
  EXPECT_NE(conversation.asked[4].back().find("its result will be no other"), std::string::npos);
}

TEST_F(TurnLoopTest, EndsAtTheLimitsOfTurnsAndTokens) {
  const auto busy = [] {
    std::deque<AskResult> answers;
    for (int i = 0; i < 20; ++i) {
      answers.push_back(wants({{"c", "repo__read", "{\"n\":" + std::to_string(i) + "}"}}));
    }
    return answers;
  };
  ScriptedConversation turns(busy());
  turns.settings->guards.turns = 4;
  const AskResult ended = converse(turns);
  EXPECT_EQ(shown(ended), "error: no answer after 4 turns (limits.turns)");
  EXPECT_FALSE(ended.error().retryable);
  EXPECT_EQ(turns.asked.size(), 4u);
  ScriptedConversation tokens(busy());
  tokens.settings->guards.tokens = 300;
  EXPECT_EQ(shown(converse(tokens)),
            "error: 330 tokens were used, and no answer yet; 300 are allowed (limits.tokens)");
}

TEST_F(TurnLoopTest, CutsLongOutputsAndSaysSo) {
  limits.tool_output_bytes = 100;
  tools.add("repo.dump", {.read_only = true},
            [](const std::string&) { return text("BEGIN" + std::string(5000, 'x') + "END"); });
  ScriptedConversation conversation({wants({{"c", "repo__dump", "{}"}})});
  std::ignore = converse(conversation);
  const std::string& message = conversation.asked[1][1];
  EXPECT_LT(message.size(), 400u);
  EXPECT_NE(message.find("BEGINxxx"), std::string::npos);
  EXPECT_NE(message.find("[... 4908 of 5008 bytes left out"), std::string::npos) << message;
  EXPECT_NE(message.find("xxxEND"), std::string::npos);
}

TEST_F(TurnLoopTest, DoesNotExpandWhatToolsSay) {
  tools.add("repo.evil", {.read_only = true},
            [](const std::string&) { return text("${{ inputs.secret }}"); });
  ScriptedConversation conversation({wants({{"c", "repo__evil", "{}"}})});
  std::ignore = converse(conversation);
  EXPECT_EQ(conversation.asked[1][1],
            R"({"role":"tool","tool_call_id":"c","content":"${{ inputs.secret }}"})");
}

TEST_F(TurnLoopTest, TriesAgainOnlyWhatMayBeMadeTwice) {
  const auto dies = [](const std::string&) -> Answer<ToolResult> {
    return mcp::failed(ErrorCode::unavailable, "it died", mcp::Fate::unknown);
  };
  tools.add("repo.flaky_read", {.read_only = true}, dies);
  tools.add("repo.flaky_write", {}, dies);
  ScriptedConversation conversation(
      {wants({{"a", "repo__flaky_read", "{}"}, {"b", "repo__flaky_write", "{}"}})});
  EXPECT_EQ(shown(converse(conversation)), "done");
  EXPECT_EQ(tools.calls["repo.flaky_read"], 3);
  EXPECT_EQ(tools.calls["repo.flaky_write"], 1);
  EXPECT_NE(conversation.asked[1][2].find("whether the tool did its work is unknown"),
            std::string::npos);

  ScriptedConversation once({wants({{"b", "repo__flaky_write", "{}"}})});
  once.settings->side_effects = workflow::SideEffects::once;
  const AskResult ended = converse(once);
  EXPECT_EQ(tools.calls["repo.flaky_write"], 2);  // one more
  EXPECT_FALSE(ended.error().retryable);
  EXPECT_NE(shown(ended).find("the outcome of a call of repo.flaky_write with side effects is "
                              "unknown (it died)"),
            std::string::npos)
      << shown(ended);
}

TEST_F(TurnLoopTest, IsCancelledInTheMiddleOfACall) {
  ScriptedConversation conversation({wants({{"a", "repo__write", "{}"}})});
  tools.during = [&] { conversation.cancel().cancel(); };
  const AskResult ended = converse(conversation);
  ASSERT_FALSE(ended);
  EXPECT_TRUE(ended.error().cancelled);
  EXPECT_EQ(conversation.asked.size(), 1u);
}

TEST_F(TurnLoopTest, SaysWhenThereAreNoTools) {
  tools.problem =
      mcp::Failure{{ErrorCode::unavailable, "MCP server \"repo\": away", {}}, mcp::Fate::not_run};
  ScriptedConversation conversation({});
  const AskResult ended = converse(conversation);
  EXPECT_EQ(shown(ended), "error: MCP server \"repo\": away");
  EXPECT_EQ(ended.error().error_class, workflow::ErrorClass::tool);
  EXPECT_TRUE(ended.error().retryable);
  EXPECT_TRUE(conversation.asked.empty());
}

// The runner tries a task again when the model could not be reached: not from the beginning.
TEST_F(TurnLoopTest, GoesOnInTheMiddleWhenTheTaskIsTriedAgain) {
  AskResult cut = std::unexpected(Failure{.error = {ErrorCode::truncated, "cut", {}}});
  ScriptedConversation conversation({wants({{"a", "repo__write", R"({"n":1})"}}), cut,
                                     wants({{"b", "repo__write", R"({"n":2})"}}), cut,
                                     says("the answer")});
  conversation.settings->side_effects = workflow::SideEffects::once;
  EXPECT_EQ(shown(converse(conversation)), "error: cut");
  EXPECT_EQ(shown(converse(conversation)), "error: cut");
  EXPECT_EQ(shown(converse(conversation)), "the answer");
  EXPECT_EQ(tools.calls["repo.write"], 2);
  EXPECT_EQ(conversation.asked.back().size(), 4u);
  std::vector<std::uint32_t> numbers;
  for (const Record& record : conversation.kept.records()) {
    if (const auto* turn = std::get_if<AddTurn>(&record)) numbers.push_back(turn->number);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 1, 2, 2}));
}

// What the journal of a process that died after `count` records gives the next one.
std::vector<StoredTurn> stored_turns(const std::vector<Record>& records, std::size_t count) {
  std::vector<StoredTurn> turns;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* turn = std::get_if<AddTurn>(&records[i])) {
      if (turns.empty() || turns.back().number != turn->number) {
        turns.push_back({turn->number, turn->answer, {}, {}});
      }
      turns.back().results = turn->results;
    } else if (const auto* call = std::get_if<SetToolCall>(&records[i])) {
      auto& calls = turns.back().calls;
      if (const auto known = std::ranges::find(calls, call->number, &SetToolCall::number);
          known != calls.end()) {
        *known = *call;
      } else {
        calls.push_back(*call);
      }
    }
  }
  return turns;
}

// The process dies after each record in turn. The next one ends with the same answer, and what has
// side effects is done once or its unknown outcome is said.
TEST_F(TurnLoopTest, GoesOnInTheMiddleWhereverTheProcessDied) {
  const std::vector<AskResult> script = {
      wants({{"a", "repo__read", R"({"n":1})"}, {"b", "repo__write", R"({"n":2})"}}),
      wants({{"c", "repo__write", R"({"n":3})"}, {"d", "repo__write", R"({"n":4})"}}),
      says("the answer")};
  const auto answers_from = [&](std::size_t turn) {
    return std::deque<AskResult>(script.begin() + static_cast<std::ptrdiff_t>(turn), script.end());
  };
  for (const workflow::SideEffects effects :
       {workflow::SideEffects::none, workflow::SideEffects::once}) {
    ScriptedConversation whole(answers_from(0));
    whole.settings->side_effects = effects;
    ASSERT_EQ(shown(converse(whole)), "the answer");
    const std::vector<Record>& records = whole.kept.records();
    ASSERT_EQ(records.size(), 12u);
    for (std::size_t died_after = 0; died_after <= records.size(); ++died_after) {
      std::vector<StoredTurn> turns = stored_turns(records, died_after);
      int written_before = 0;  // whether it came to that or not: the call was under way
      bool is_open = false;
      for (const StoredTurn& turn : turns) {
        for (const SetToolCall& call : turn.calls) {
          if (call.tool != "repo.write") continue;
          ++written_before;
          is_open |= call.result == nullptr;
        }
      }
      tools.calls.clear();
      ScriptedConversation rest(answers_from(turns.size()));
      rest.settings->side_effects = effects;
      rest.stored = std::move(turns);
      const AskResult ended = converse(rest);
      EXPECT_LE(written_before + tools.calls["repo.write"], 3) << died_after;
      if (is_open && effects == workflow::SideEffects::once) {
        EXPECT_NE(shown(ended).find("outcome of a call of repo.write"), std::string::npos);
      } else {
        EXPECT_EQ(shown(ended), "the answer") << died_after;
        EXPECT_EQ(written_before + tools.calls["repo.write"], 3) << died_after;
        // The model sees the same conversation, but for what became unknown.
        if (!is_open) {
          EXPECT_EQ(rest.asked.back(), whole.asked.back()) << died_after;
        }
      }
    }
  }
}

TEST(ToolNames, AreAllowedByChatApisAndDiffer) {
  const std::vector<std::string> names = {"repo.read_file",
                                          "a.b.c",
                                          "a.b_c",
                                          "s.x/y",
                                          "long." + std::string(80, 'n'),
                                          "long." + std::string(81, 'n')};
  const std::vector<std::string> shown_names = model_names(names);
  EXPECT_EQ(shown_names[0], "repo__read_file");
  EXPECT_EQ(shown_names[3], "s__x_y");
  for (std::size_t i = 0; i < shown_names.size(); ++i) {
    EXPECT_LE(shown_names[i].size(), 64u);
    EXPECT_EQ(std::ranges::count(shown_names, shown_names[i]), 1) << shown_names[i];
    EXPECT_EQ(shown_names[i].find_first_not_of(
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
              std::string::npos);
  }
}

TEST(TurnMessages, BoundWholeCharacters) {
  EXPECT_EQ(bounded("short", 10), "short");
  const std::string umlauts = [] {
    std::string out;
    for (int i = 0; i < 100; ++i) out += "\u00e4";
    return out;
  }();
  for (std::size_t limit = 1; limit < 40; ++limit) {
    EXPECT_TRUE(workflow::Value::parse(tool_message("c", bounded(umlauts, limit)))) << limit;
    EXPECT_EQ(bounded(umlauts, limit).find('\xff'), std::string::npos);
  }
}

TEST(TurnMessages, FindTheSameInWhatMeansTheSame) {
  EXPECT_EQ(canonical_arguments(R"({ "b": [1, {"z":1,"y":2}], "a": "x" })"),
            R"({"a":"x","b":[1,{"y":2,"z":1}]})");
  EXPECT_EQ(canonical_arguments("  "), "{}");
  EXPECT_FALSE(canonical_arguments("[1]"));
  EXPECT_FALSE(canonical_arguments("{"));
}

}  // namespace
}  // namespace tidegate::engine
