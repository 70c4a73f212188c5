#include "engine/fork.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/test_engine.h"

namespace tidegate::engine {
namespace {

class ForkTest : public EngineTest {};

constexpr const char* kChain = R"(inputs: { tone: { type: string, default: dry } }
tasks:
  a: { prompt: a }
  side: { needs: a, prompt: "side ${{ needs.a.output }}" }
  b: { needs: a, prompt: "b ${{ inputs.tone }} ${{ needs.a.output }}" }
  gate: { needs: a, approval: { message: ok? } }
  c: { needs: [b, gate], prompt: "c ${{ needs.b.output }}" }
outputs: { said: "${{ needs.c.output }}", side: "${{ needs.side.output }}" }
)";

TEST_F(ForkTest, SendsNothingAgainButTheTaskAndWhatDependsOnIt) {
  const RunId first = run(kChain);
  ASSERT_EQ(end_.state, RunState::succeeded) << end_.reason;
  const NanoDollars spent = end_.spent;
  const auto second = fork(first, "b", {{"tone", workflow::Value("warm")}});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(end_.state, RunState::succeeded) << end_.reason;
  EXPECT_EQ(asked(), (std::map<std::string, int>{{"b warm <a>", 1}, {"c <b warm <a>>", 1}}));
  EXPECT_EQ(end_.outputs.json(), R"({"said":"<c <b warm <a>>>","side":"<side <a>>"})");

  const RunPicture seen = picture(*second);
  EXPECT_EQ(seen.forked_from, first);
  EXPECT_EQ(seen.reused.tasks, 3u);  // a, side, gate
  EXPECT_EQ(seen.totals.attempts, 2u);
  EXPECT_EQ(seen.totals.cost, end_.spent);
  // Two of the four requests of the run before, all of one price.
  EXPECT_EQ(seen.reused.cost.value * 2, spent.value);
  EXPECT_EQ(seen.tasks[0].reused.tasks, 1u);
  EXPECT_EQ(seen.tasks[0].totals.attempts, 0u);
  EXPECT_EQ(seen.tasks[2].reused.tasks, 0u);
}

TEST_F(ForkTest, AForkOfAForkSaysWhoPaidFirst) {
  const RunId first = run(kChain);
  const auto second = fork(first, "c");
  ASSERT_TRUE(second);
  EXPECT_EQ(picture(*second).reused.cost.value, end_.spent.value * 3);
  const auto third = fork(*second, "c");
  ASSERT_TRUE(third);
  EXPECT_EQ(asked().size(), 1u);
  const RunPicture seen = picture(*third);
  EXPECT_EQ(seen.forked_from, *second);
  EXPECT_EQ(seen.reused.tasks, 4u);
  EXPECT_EQ(seen.reused.cost.value, end_.spent.value * 3);
}

TEST_F(ForkTest, WhatFailedElsewhereIsTriedAgain) {
  bool broken = true;
  respond_ = [&](const std::string& prompt) -> AskResult {
    if (broken && prompt == "bad") return TestModels::fails(workflow::ErrorClass::server);
    return TestModels::says("fine");
  };
  const RunId first =
      run("tasks:\n  bad: { prompt: bad }\n  after: { needs: bad, prompt: after }\n"
          "  good: { prompt: good }\n  last: { needs: good, prompt: last }\n");
  ASSERT_EQ(end_.state, RunState::failed);
  broken = false;
  ASSERT_TRUE(fork(first, "last"));
  EXPECT_EQ(end_.state, RunState::succeeded) << end_.reason;
  EXPECT_EQ(asked(), (std::map<std::string, int>{{"bad", 1}, {"after", 1}, {"last", 1}}));
}

constexpr const char* kFan = R"(inputs: { files: { type: array, items: string } }
tasks:
  scan: { for_each: "${{ inputs.files }}", prompt: "scan ${{ item }}" }
  merge: { needs: scan, if: always(), prompt: "merge ${{ needs.scan.outputs | default('') | json }}" }
)";

workflow::Map files(std::initializer_list<const char*> names) {
  workflow::List list;
  for (const char* const name : names) list.push_back(workflow::Value(name));
  return {{"files", workflow::Value(std::move(list))}};
}

TEST_F(ForkTest, ItemsOfAListThatSucceededAreNotSentAgain) {
  bool broken = true;
  respond_ = [&](const std::string& prompt) -> AskResult {
    if (broken && prompt == "scan y") return TestModels::fails(workflow::ErrorClass::server);
    return TestModels::says("ok");
  };
  const RunId first = run(kFan, files({"x", "y", "z"}));
  ASSERT_EQ(end_.state, RunState::failed);
  broken = false;
  // The list has one less and one more, in another order.
  const auto second = fork(first, "merge", files({"new", "z", "y"}));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(end_.state, RunState::succeeded) << end_.reason;
  EXPECT_EQ(asked(), (std::map<std::string, int>{
                         {"scan new", 1}, {"scan y", 1}, {R"(merge ["ok","ok","ok"])", 1}}));
  EXPECT_EQ(picture(*second).reused.tasks, 1u);
  EXPECT_EQ(picture(*second).tasks[0].items.succeeded, 3u);

  // A list that succeeded is taken over with its items.
  const auto third = fork(*second, "merge");
  ASSERT_TRUE(third);
  EXPECT_EQ(asked().size(), 1u);
  EXPECT_EQ(picture(*third).reused.tasks, 3u);
  EXPECT_EQ(picture(*third).tasks[0].items.succeeded, 3u);
}

// The process dies after it has begun the fork: what it took over is still not sent again.
TEST_F(ForkTest, AForkThatWasLeftIsResumedWithWhatItTookOver) {
  bool broken = true;
  respond_ = [&](const std::string& prompt) -> AskResult {
    if (broken && prompt == "scan y") return TestModels::fails(workflow::ErrorClass::server);
    return TestModels::says("ok");
  };
  const RunId first = run(kFan, files({"x", "y", "z"}));
  broken = false;
  asked_.clear();
  const auto second = engine_->fork({.source = first, .from = "merge"}, nullptr, keep());
  ASSERT_TRUE(second);
  engine_->abandon();  // before its list is known
  run_task(loop_, until_idle());
  EXPECT_TRUE(asked().empty());
  ASSERT_TRUE(engine_->resume(*second, {.on_end = keep()}));
  run_task(loop_, until_idle());
  EXPECT_EQ(end_.state, RunState::succeeded) << end_.reason;
  EXPECT_EQ(asked(), (std::map<std::string, int>{{"scan y", 1}, {R"(merge ["ok","ok","ok"])", 1}}));
}

TEST_F(ForkTest, SaysWhatIsWrong) {
  const RunId first = run(kChain);
  const auto no_task = fork(first, "gates");
  ASSERT_FALSE(no_task);
  EXPECT_EQ(no_task.error().code, ErrorCode::not_found);
  EXPECT_NE(no_task.error().message.find("has no task gates. Did you mean gate?"),
            std::string::npos)
      << no_task.error().message;
  const auto no_input = fork(first, "b", {{"tones", workflow::Value("x")}});
  ASSERT_FALSE(no_input);
  EXPECT_NE(no_input.error().message.find("Did you mean tone?"), std::string::npos)
      << no_input.error().message;
  const auto wrong_kind = fork(first, "b", {{"tone", workflow::Value(std::int64_t{3})}});
  ASSERT_FALSE(wrong_kind);
  EXPECT_EQ(fork(RunId{5}, "b").error().code, ErrorCode::not_found);

  const auto live = engine_->fork({.source = first, .from = "b"}, nullptr, keep());
  ASSERT_TRUE(live);
  engine_->abandon();
  run_task(loop_, until_idle());
  const auto too_early = fork(*live, "b");
  ASSERT_FALSE(too_early);
  EXPECT_NE(too_early.error().message.find("has not ended: it is running"), std::string::npos)
      << too_early.error().message;
}

TEST_F(EngineTest, AnInputThatHoldsAKeyMustBeSecret) {
  const char* const key = "sk-tg-7f3k9m2qxd-0h2m4r8v1c5z9t3x7b2n6q0w4s44exm5";
  const auto begin = [&](const std::string& input) {
    const auto loaded =
        *parse(kHead + ("inputs: { token: " + input + " }\n") + "tasks: { a: { prompt: p } }\n");
    return engine_->begin({.workflow = loaded, .inputs = {{"token", workflow::Value(key)}}},
                          nullptr, keep());
  };
  const auto refused = begin("string");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "inputs.token");
  EXPECT_TRUE(begin("{ type: string, secret: true }"));
  run_task(loop_, until_idle());
}

}  // namespace
}  // namespace tidegate::engine
