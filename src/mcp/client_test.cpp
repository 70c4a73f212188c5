#include "mcp/client.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "mcp/test_client.h"

namespace tidegate::mcp {
namespace {

class EveryServer : public ClientTest, public testing::WithParamInterface<Setting> {};

INSTANTIATE_TEST_SUITE_P(
    Eras, EveryServer,
    testing::Values(Setting{Via::stdio, "stateless"}, Setting{Via::stdio, "initialize"},
                    Setting{Via::http, "stateless"}, Setting{Via::http, "initialize"}),
    [](const auto& each) {
      return std::string(each.param.via == Via::stdio ? "stdio" : "http") + "_" + each.param.era;
    });

TEST_P(EveryServer, ListsItsToolsInOrderOverAllPages) {
  use(GetParam(), "--pages 4");
  const auto tools = list();
  ASSERT_TRUE(tools) << tools.error().error.message;
  EXPECT_EQ((*tools)->size(), 20u);
  EXPECT_TRUE(std::ranges::is_sorted(**tools, {}, &Tool::name));
  EXPECT_EQ(client->refused_tools().size(), 3u);
  EXPECT_EQ(client->version(), GetParam().era == "stateless" ? "2026-07-28" : "2025-11-25");
}

TEST_P(EveryServer, AnswersCallsOfEveryKind) {
  use(GetParam());
  EXPECT_EQ(shown(call("echo", R"({"text":"hi \u00e4 \"there\""})")), "hi \u00e4 \"there\"");
  const auto sum = call("add", R"({"a":2,"b":3})");
  ASSERT_TRUE(sum) << shown(sum);
  EXPECT_EQ(sum->structured, R"({"sum": 5})");
  EXPECT_EQ(sum->violation, "");
  EXPECT_NE(call("bad_sum")->violation, "");
  const auto broken = call("fail");
  ASSERT_TRUE(broken);
  EXPECT_TRUE(broken->is_error);
  EXPECT_EQ(as_text(*broken), "the disk is full");
  EXPECT_EQ(shown(call("not_text")),
            "[image, image/png, 8 bytes of base64: not shown]\n"
            "[audio, audio/wav, 8 bytes of base64: not shown]\n"
            "[resource a.rs (text/x-rust): file:///a.rs]\n[resource file:///b]\ninside\n"
            "[content of type \"hologram\": not shown]");
  EXPECT_EQ(shown(call("garbage")), "after garbage");
  EXPECT_EQ(
      shown(call("refuse")),
      "error: MCP server \"peer\", tool \"refuse\": it answered with error -32000: not today");
  EXPECT_EQ(shown(call("huge", R"({"bytes":300000})")), std::string(300000, 'x'));
}

TEST_P(EveryServer, IsNotAskedWhatItsSchemaForbids) {
  use(GetParam());
  const auto wrong = call("add", R"({"a":2,"b":"three"})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().error.code, ErrorCode::invalid);
  EXPECT_EQ(wrong.error().error.message,
            "MCP server \"peer\", tool \"add\": the arguments are not as its schema says: at /b: "
            "expected an integer, found a string");
  EXPECT_EQ(wrong.error().error.field, "mcp_servers.peer");
  EXPECT_FALSE(call("add", "not json"));
  EXPECT_EQ(journalled().find("add"), std::string::npos);
}

TEST_P(EveryServer, ThatDiesInACallLeavesItsFateUnknownAndIsUsedAgain) {
  use(GetParam());
  const auto lost = call("record_and_die", R"({"note":"n"})");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().fate, Fate::unknown);
  EXPECT_FALSE(may_repeat(lost.error(), {}, false));
  EXPECT_TRUE(may_repeat(lost.error(), {.read_only = true}, false));
  if (GetParam().via == Via::stdio) {
    EXPECT_EQ(
        lost.error().error.message,
        "MCP server \"peer\", tool \"record_and_die\": it exited with status 7; it last wrote: "
        "\"fatal: out of luck\"");
  }
  EXPECT_EQ(shown(call("echo", R"({"text":"again"})")), "again");
  const std::string calls = journalled();
  EXPECT_EQ(calls.find("record_and_die"), calls.rfind("record_and_die"));  // once
}

TEST_P(EveryServer, ThatIsSilentTimesOutAndOneThatShowsProgressDoesNot) {
  use(GetParam());
  ASSERT_TRUE(list());
  const auto silent = call("hang", "{}", {.idle = 30ms, .total = 10s});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().error.code, ErrorCode::timeout);
  EXPECT_EQ(silent.error().fate, Fate::unknown);
  // Each step is within the idle time, all together are not.
  EXPECT_EQ(shown(call("progress", R"({"steps":6,"ms":150})", {.idle = 600ms, .total = 20s})),
            "done");
}

TEST_P(EveryServer, AnswersInAnyOrder) {
  use(GetParam());
  ASSERT_TRUE(list());
  Answer<ToolResult> first = failed(ErrorCode::internal, "");
  Answer<ToolResult> second = failed(ErrorCode::internal, "");
  TaskGroup group;
  group.spawn(call(*this, "wait_for", R"({"name":"a","also":"b"})", {}, first));
  run(call(*this, "wait_for", R"({"name":"b"})", {}, second));
  EXPECT_EQ(shown(second), "b");
  while (!group.empty()) run(wait_a_turn(loop));
  EXPECT_EQ(shown(first), "a");
}

TEST_P(EveryServer, IsLeftWhenTheCallIsCanceled) {
  use(GetParam());
  ASSERT_TRUE(list());
  Answer<ToolResult> out = failed(ErrorCode::internal, "");
  TaskGroup group;
  group.spawn(call(*this, "hang", "{}", {}, out));
  run(wait_a_turn(loop));
  cancel.cancel();
  while (!group.empty()) run(wait_a_turn(loop));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().error.code, ErrorCode::canceled);
}

TEST_P(EveryServer, MayNotSendMoreThanTheLimit) {
  spec.limits.message_bytes = 100'000;
  spec.limits.stop = 100ms;  // a child that waits for us to read does not end by itself
  use(GetParam());
  const auto huge = call("huge", R"({"bytes":400000})");
  ASSERT_FALSE(huge);
  EXPECT_NE(huge.error().error.message.find("over 100000 bytes"), std::string::npos)
      << huge.error().error.message;
  EXPECT_EQ(shown(call("echo", R"({"text":"still here"})")), "still here");
}

TEST_P(EveryServer, MayChangeItsTools) {
  const std::string changes = (folder / "changes").string();
  std::ofstream(changes) << "echo add";
  use(GetParam(), "--changes '" + changes + "'");
  EXPECT_EQ((*list())->size(), 2u);
  std::ofstream(changes) << "echo add hang";
  EXPECT_EQ((*list())->size(), 2u);  // kept
  client->forget_tools();
  EXPECT_EQ((*list())->size(), 3u);
}

class Stdio : public ClientTest {
 protected:
  // A child that notes its start and then is silent.
  void never_answers() {
    spec.command = {"/bin/sh", "-c",
                    "echo started >> '" + (folder / "starts").string() + "'; exec sleep 600"};
    make();
  }
  [[nodiscard]] int starts() const {
    std::ifstream file(folder / "starts");
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }
};

TEST_F(Stdio, ServerThatDoesNotKnowTheProbeIsOfTheInitializeEra) {
  spec.limits.probe = 50ms;
  use({Via::stdio, "mute"});
  EXPECT_EQ(shown(call("echo", R"({"text":"hi"})")), "hi");
  EXPECT_EQ(client->version(), "2025-11-25");
}

TEST_F(Stdio, ServerThatDiesOfTheProbeIsStartedAgain) {
  use({Via::stdio, "initialize"}, "--dies-on server/discover");
  EXPECT_EQ(shown(call("echo", R"({"text":"hi"})")), "hi");
}

TEST_F(Stdio, ServerThatGreetsIsUnderstood) {
  use({Via::stdio, "stateless"}, "--chatty");
  EXPECT_EQ(shown(call("echo", R"({"text":"hi"})")), "hi");
}

TEST_F(Stdio, ServerMayAskBackInTheInitializeEra) {
  use({Via::stdio, "initialize"});
  EXPECT_EQ(shown(call("ask_back")), "[{}, -32601]");
}

TEST_F(Stdio, ServerSeesOnlyWhatItMaySee) {
  ::setenv("TIDEGATE_TEST_SECRET", "sk-1", 1);
  spec.environment = {{"GIVEN", "yes"}};
  use({Via::stdio, "stateless"});
  const std::string seen = shown(call("environment"));
  ::unsetenv("TIDEGATE_TEST_SECRET");
  EXPECT_NE(seen.find("GIVEN"), std::string::npos);
  EXPECT_NE(seen.find("PATH"), std::string::npos);
  EXPECT_EQ(seen.find("TIDEGATE_TEST_SECRET"), std::string::npos);
}

TEST_F(Stdio, ProgramThatIsNotThereIsSaid) {
  spec.command = {"tidegate-no-such-program", "--flag"};
  make();
  EXPECT_EQ(list().error().error.message,
            "MCP server \"peer\": \"tidegate-no-such-program\" cannot be started: No such file or "
            "directory; is it installed, and in PATH?");
}

TEST_F(Stdio, ProgramThatIsNoServerIsSaid) {
  spec.limits.probe = 50ms;
  spec.limits.start = 50ms;
  spec.command = {"/bin/sh", "-c", "echo I am no server; echo oops >&2; exit 3"};
  make();
  const auto tools = list();
  ASSERT_FALSE(tools);
  EXPECT_EQ(
      tools.error().error.message,
      "MCP server \"peer\": it exited with status 3; it last wrote: \"oops\"; its output was no "
      "message: \"I am no server\"");
}

TEST_F(Stdio, ServerThatDoesNotEndIsKilledWithWhatItStarted) {
  spec.limits.probe = 50ms;
  spec.limits.start = 50ms;
  spec.limits.stop = 30ms;
  const std::string pids = (folder / "pids").string();
  spec.command = {
      "/bin/sh", "-c",
      "trap '' TERM; (trap '' TERM; sleep 600) & echo $$ $! > '" + pids + "'; sleep 600"};
  make();
  EXPECT_FALSE(list());
  run(client->close());
  client.reset();
  std::ifstream file(pids);
  pid_t child = 0;
  pid_t grandchild = 0;
  file >> child >> grandchild;
  ASSERT_GT(grandchild, 0);
  EXPECT_EQ(::kill(child, 0), -1);
  // A killed process is there a little longer, and whoever reaps here may leave a zombie.
  const auto runs = [&] {
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string line;
    std::getline(status, line);
    return !line.empty() && line.find(") Z") == std::string::npos;
  };
  const TimePoint patience = clock.now() + 10s;
  while (runs() && clock.now() < patience) run(wait_a_turn(loop));
  EXPECT_FALSE(runs());
}

TEST_F(Stdio, ServerThatDidNotAnswerIsEndedBeforeItIsStartedAgain) {
  spec.limits.probe = spec.limits.start = spec.limits.stop = 30ms;
  never_answers();
  for (int time = 0; time < 2; ++time) {
    const auto tools = list();
    ASSERT_FALSE(tools);
    EXPECT_EQ(tools.error().error.code, ErrorCode::timeout) << tools.error().error.message;
  }
}

TEST_F(Stdio, ServerWhoseFirstTaskWasCanceledIsStartedForTheNext) {
  spec.limits.stop = 30ms;
  const std::string flag = (folder / "flag").string();
  spec.command = {"/bin/sh", "-c",
                  "if [ -e '" + flag + "' ]; then exec python3 '" + kServer + "'; fi; touch '" +
                      flag + "'; exec sleep 600"};
  make();
  Cancel first;
  Cancel second;
  Answer<Client::Tools> of_first = failed(ErrorCode::internal, "");
  Answer<Client::Tools> of_second = failed(ErrorCode::internal, "");
  TaskGroup group;
  group.spawn(list(*this, first, of_first));
  while (!std::filesystem::exists(flag)) run(wait_a_turn(loop));
  group.spawn(list(*this, second, of_second));
  run(wait_a_turn(loop));
  first.cancel();
  while (!group.empty()) run(wait_a_turn(loop));
  ASSERT_FALSE(of_first);
  EXPECT_EQ(of_first.error().error.code, ErrorCode::canceled);
  EXPECT_TRUE(of_second) << of_second.error().error.message;
}

TEST_F(Stdio, StartThatFailsIsToldToAllWhoWaitForIt) {
  spec.limits.probe = spec.limits.start = 200ms;
  spec.limits.stop = 30ms;
  never_answers();
  std::array<Answer<Client::Tools>, 3> out{failed(ErrorCode::internal, ""),
                                           failed(ErrorCode::internal, ""),
                                           failed(ErrorCode::internal, "")};
  TaskGroup group;
  for (auto& each : out) group.spawn(list(*this, cancel, each));
  while (!group.empty()) run(wait_a_turn(loop));
  for (const auto& each : out) {
    ASSERT_FALSE(each);
    EXPECT_EQ(each.error().error.code, ErrorCode::timeout) << each.error().error.message;
  }
  EXPECT_LE(starts(), 1);
}

TEST_F(Stdio, WhoWaitsForAStartIsLetGoWhenCanceled) {
  spec.limits.stop = 30ms;
  never_answers();
  Cancel second;
  Answer<Client::Tools> of_first = failed(ErrorCode::internal, "");
  Answer<Client::Tools> of_second = failed(ErrorCode::internal, "");
  TaskGroup group;
  group.spawn(list(*this, cancel, of_first));
  group.spawn(list(*this, second, of_second));
  run(wait_a_turn(loop));
  second.cancel();
  EXPECT_EQ(group.size(), 1u);
  EXPECT_EQ(of_second.error().error.code, ErrorCode::canceled);
  cancel.cancel();
  EXPECT_TRUE(group.empty());
}

TEST_F(Stdio, ServerThatNeverStopsWritingLeavesOthersTheirTurn) {
  spec.limits.stray_bytes = SIZE_MAX;
  spec.limits.stop = 30ms;
  spec.command = {"/bin/sh", "-c", "yes >&2 & exec yes"};
  make();
  Answer<Client::Tools> out = failed(ErrorCode::internal, "");
  TaskGroup group;
  group.spawn(list(*this, cancel, out));
  for (int turn = 0; turn < 20; ++turn) run(wait_a_turn(loop));
  cancel.cancel();
  EXPECT_TRUE(group.empty());
  EXPECT_EQ(out.error().error.code, ErrorCode::canceled);
}

TEST_F(Stdio, ServerThatWritesTooMuchThatIsNoMessageIsEnded) {
  spec.limits.stray_bytes = 1 << 20;
  spec.limits.stop = 30ms;
  spec.command = {"yes"};
  make();
  const auto tools = list();
  ASSERT_FALSE(tools);
  EXPECT_EQ(tools.error().error.message,
            "MCP server \"peer\": it was ended: it wrote over 1048576 bytes to its standard output "
            "and no message (what it logs belongs to its standard error); its output was no "
            "message: \"y\"");
}

using Http = ClientTest;

TEST_F(Http, ArgumentsAreRepeatedInHeaders) {
  use({Via::http, "stateless"});
  EXPECT_EQ(shown(call("region", R"({"region":"us \u00e4 west"})")), "us \u00e4 west");
}

TEST_F(Http, SessionThatWasForgottenIsBegunAnew) {
  use({Via::http, "initialize"});
  EXPECT_EQ(shown(call("forget_sessions")), "forgotten");
  EXPECT_EQ(shown(call("record", R"({"note":"once"})")), "recorded");
  const std::string calls = journalled();
  EXPECT_EQ(calls.find("record {"), calls.rfind("record {"));
  run(client->close());
  EXPECT_NE(journalled().find("DELETE"), std::string::npos);
}

TEST_F(Http, StreamThatWasCutIsReadOnInTheInitializeEra) {
  use({Via::http, "initialize"});
  EXPECT_EQ(shown(call("cut_stream")), "whole after all");
}

TEST_F(Http, ServerMayAskBackInTheInitializeEra) {
  use({Via::http, "initialize"});
  EXPECT_EQ(shown(call("ask_back")), "[{}, -32601]");
}

TEST_F(Http, TokenIsSentAndNeverShown) {
  spec.token = "tok-secret-1";
  use({Via::http, "stateless"}, "--token tok-secret-1");
  EXPECT_EQ(shown(call("echo", R"({"text":"hi"})")), "hi");
  run(client->close());
  spec.token = "tok-secret-2";
  make();
  const auto refused = list();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, ErrorCode::unauthorized);
  EXPECT_EQ(refused.error().error.message.find("secret"), std::string::npos);
}

TEST_F(Http, ServerThatIsAwayIsSaid) {
  spec.url = "http://127.0.0.1:1/mcp";
  make();
  const auto tools = list();
  ASSERT_FALSE(tools);
  EXPECT_EQ(tools.error().fate, Fate::not_run);
  EXPECT_NE(tools.error().error.message.find("MCP server \"peer\": cannot connect to 127.0.0.1:1"),
            std::string::npos)
      << tools.error().error.message;
}

TEST(ServerSpec, IsRefusedWhereItCannotWork) {
  const auto problem = [](ServerSpec spec) {
    const auto checked = check(spec);
    return checked ? "" : checked.error().field;
  };
  EXPECT_EQ(problem({}), "command");
  EXPECT_EQ(problem({.command = {"a"}, .url = "http://x"}), "url");
  EXPECT_EQ(problem({.command = {""}}), "command");
  EXPECT_EQ(problem({.command = {"a"}, .environment = {{"A=B", ""}}}), "env");
  EXPECT_EQ(problem({.url = "ftp://x"}), "url");
  EXPECT_EQ(problem({.url = "http://x/mcp#top"}), "url");
  EXPECT_EQ(problem({.url = "http://x/mcp", .token = "a b"}), "auth");
  EXPECT_EQ(problem({.url = "https://x.example/mcp?a=b", .token = "ab"}), "");
}

}  // namespace
}  // namespace tidegate::mcp
