#include "engine/workflow_api.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "base/scratch_dir.h"
#include "engine/command.h"
#include "engine/journal_place.h"
#include "engine/record_writer.h"
#include "http/server.h"
#include "http/test_peer.h"
#include "loop/worker.h"
#include "workflow/load.h"

namespace tidegate::engine {
namespace {

class Starter final : public RunStarter {
 public:
  workflow::Surroundings surroundings() const override { return {}; }
  Task<Result<RunId>> start(Loop&, std::shared_ptr<const workflow::Workflow> workflow,
                            workflow::Map inputs, std::optional<NanoDollars> money) override {
    name = workflow->name;
    given = workflow::Value(std::move(inputs)).json();
    budget = money;
    ++asked;
    co_return RunId{77};
  }
  Task<Result<RunId>> fork(Loop&, ForkRun fork) override {
    forked = fork.source.text() + " " + fork.from + " " + workflow::Value(fork.set).json();
    budget = fork.budget;
    ++asked;
    co_return RunId{78};
  }
  Task<Result<RunId>> resume(Loop&, RunId run, std::optional<NanoDollars> money) override {
    budget = money;
    ++asked;
    co_return run;
  }
  // Read by the test once its question is answered; `asked` makes it see them.
  std::string name, given, forked;
  std::optional<NanoDollars> budget;
  std::atomic<int> asked = 0;
};

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class WorkflowApiTest : public testing::Test {
 protected:
  WorkflowApiTest()
      : store_(*open_journal_store(path())),
        archive_([this] { return open_journal_store(path()); }),
        api_(archive_, &starter_, [this] { return stopping_.load(); },
             {.look_every = 5ms, .answer_within = 300ms}) {
    const auto tasks = std::make_shared<std::vector<NewTask>>(
        std::vector<NewTask>{{.id = "scan", .role = "testing"}, {.id = "gate"}});
    const std::string file =
        "name: audit\nroles: { tester: { system: You test. } }\ntasks:\n  scan: { role: tester, "
        "prompt: hi }\n"
        "  gate: { needs: scan, approval: { message: ok? } }\n";
    write(CreateRun{
        .run = run_,
        .name = "audit <b>",
        .spec_hash = "h",
        .spec = bytes(workflow::pack({{"a.yaml", std::make_shared<const std::string>(file)}})),
        .inputs = bytes("{}"),
        .created = begin_,
        .tasks = tasks});
    // Before its loop runs, which from then on belongs to another thread.
    server_.emplace(http::ServerOptions{}, api_, workers_);
    address_ = *server_->start(owner_.loop(), *Address::parse_listen("127.0.0.1:0"));
    worker_.start();
    owner_.start();
  }
  ~WorkflowApiTest() override {
    stopping_ = true;
    std::promise<void> done;
    owner_.loop().post([&] {
      server_.reset();
      done.set_value();
    });
    done.get_future().wait();
  }

  [[nodiscard]] std::string path() const { return (folder_ / "journal.db").string(); }
  void write(const Record& record) {
    ASSERT_TRUE(store_->begin());
    RecordWriter writer(*store_);
    const Result<void> done = writer.write(record);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_TRUE(store_->commit());
  }
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& body = {}, const std::string& type = "application/json",
                  const std::string& more = {}) {
    http::RawPeer peer(address_);
    peer.send(method + " /api/workflows" + target +
              " HTTP/1.1\r\nHost: t\r\nContent-Type: " + type + "\r\n" + more +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    std::string answer = peer.read_answer();
    (void)starter_.asked.load();
    return answer;
  }

  const ScratchDir folder_;
  const WallTime begin_{1'790'000'000s};
  const RunId run_ = RunId::make(begin_);
  std::unique_ptr<store::Store> store_;
  Starter starter_;
  std::atomic<bool> stopping_{false};
  RunArchive archive_;
  WorkflowApi api_;
  const SystemClock clock_;
  Worker worker_{clock_, "worker"};
  Worker owner_{clock_, "owner"};
  std::vector<Worker*> workers_{&worker_};
  std::optional<http::Server> server_;
  Address address_;
};

TEST_F(WorkflowApiTest, ListsRunsAndReportsOnThem) {
  const std::string listed = ask("GET", "");
  EXPECT_EQ(listed, "200 {\"runs\":[{\"run\":\"" + run_.text() +
                        "\",\"name\":\"audit <b>\",\"state\":\"running\",\"created\":"
                        "\"2026-09-21T14:13:20.000Z\"}]}");
  const std::string report = ask("GET", "/" + run_.text());
  EXPECT_NE(report.find("\"id\":\"gate\",\"state\":\"waiting\",\"needs\":[\"scan\"]"),
            std::string::npos)
      << report;
  const std::string page = ask("GET", "/" + run_.text() + "/report.html");
  EXPECT_TRUE(page.starts_with("200 <!doctype html>")) << page.substr(0, 100);
  EXPECT_NE(page.find("audit &lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.find("class=\"line\""), std::string::npos);  // who needs whom
}

TEST_F(WorkflowApiTest, SaysWhatIsNotThere) {
  EXPECT_TRUE(ask("GET", "/r0000000000000").starts_with("404 ")) << ask("GET", "/r0000000000000");
  EXPECT_TRUE(ask("GET", "/" + run_.text() + "/nothing").starts_with("404 "));
  EXPECT_TRUE(ask("DELETE", "/" + run_.text()).starts_with("405 "));
}

TEST_F(WorkflowApiTest, BeginsARunFromTheContentOfAFile) {
  const std::string body =
      R"({"workflow":"name: hello\nroles: { tester: { system: You test. } }\ninputs: { who: { type: string } }\n)"
      R"(tasks: { a: { role: tester, prompt: 'hi ${{ inputs.who }}' } }\n",)"
      R"("inputs":{"who":"ana"},"budget_usd":2.5})";
  EXPECT_EQ(ask("POST", "", body), "201 {\"run\":\"" + RunId{77}.text() + "\"}");
  EXPECT_EQ(starter_.name, "hello");
  EXPECT_EQ(starter_.given, R"({"who":"ana"})");
  EXPECT_EQ(starter_.budget, NanoDollars{2'500'000'000});
  EXPECT_TRUE(ask("POST", "",
                  "name: plain\nroles: { tester: { system: You test. } }\ntasks: { a: { role: "
                  "tester, prompt: hi } }\n",
                  "application/yaml")
                  .starts_with("201 "));
  EXPECT_EQ(starter_.name, "plain");
}

TEST_F(WorkflowApiTest, SaysEverythingThatIsWrongWithAFile) {
  const std::string answer = ask("POST", "",
                                 "name: x\nroles: { tester: { system: You test. } }\ntasks:\n  a: "
                                 "{ role: tester, prompt: hi, needz: b }\n  b: { needs: c }\n",
                                 "application/yaml");
  EXPECT_TRUE(answer.starts_with("400 ")) << answer;
  EXPECT_NE(answer.find("\"line\":4"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\"line\":5"), std::string::npos) << answer;
  EXPECT_TRUE(ask("POST", "", "a=b", "application/x-www-form-urlencoded").starts_with("400 "));
  EXPECT_TRUE(ask("POST", "", R"({"workflow":7,"x":1})").starts_with("400 "));
}

TEST_F(WorkflowApiTest, LetsNobodyReachThisMachineByAFile) {
  const std::string tasks = "tasks: { a: { role: tester, tools: [s.t], prompt: hi } }\n";
  for (const std::string& server :
       {std::string("{ command: [sh, -c, 'touch /tmp/x'] }"),
        std::string("{ url: 'http://127.0.0.1:1/mcp', auth: { env: HOME } }")}) {
    const std::string answer =
        ask("POST", "",
            "name: x\nroles: { tester: { system: You test. } }\nmcp_servers: { s: " + server +
                " }\n" + tasks,
            "application/yaml");
    EXPECT_TRUE(answer.starts_with("400 ")) << answer;
    EXPECT_NE(answer.find("mcp_servers.s"), std::string::npos) << answer;
  }
  for (const std::string& file : {std::string("name: x\nroles: { tester: { system: You test. } "
                                              "}\ncontext: [{ file: /etc/passwd }]\ntasks: { "
                                              "a: { role: tester, prompt: hi } }\n"),
                                  std::string("name: x\nroles: { tester: { system: You test. } "
                                              "}\ntasks: { a: { uses: ./other.yaml } }\n")}) {
    const std::string answer = ask("POST", "", file, "application/yaml");
    EXPECT_TRUE(answer.starts_with("400 ")) << answer;
    EXPECT_NE(answer.find("is a file"), std::string::npos) << answer;
  }
  EXPECT_EQ(starter_.name, "");
}

TEST_F(WorkflowApiTest, ForksARunAndGoesOnWithOne) {
  EXPECT_EQ(ask("POST", "/" + run_.text() + "/fork", R"({"from":"scan","set":{"who":"ana"}})"),
            "201 {\"run\":\"" + RunId{78}.text() + "\"}");
  EXPECT_EQ(starter_.forked, run_.text() + R"( scan {"who":"ana"})");
  EXPECT_EQ(ask("POST", "/" + run_.text() + "/resume", R"({"budget_usd":3})"),
            "200 {\"run\":\"" + run_.text() + "\"}");
  EXPECT_EQ(starter_.budget, NanoDollars{3'000'000'000});
  EXPECT_TRUE(ask("POST", "/" + run_.text() + "/resume").starts_with("200 "));
  EXPECT_EQ(starter_.budget, std::nullopt);
  const auto is_refused = [&](const std::string& verb, const std::string& body,
                              const std::string& why) {
    const std::string answer = ask("POST", "/" + run_.text() + verb, body);
    EXPECT_TRUE(answer.starts_with("400 ")) << answer;
    EXPECT_NE(answer.find(why), std::string::npos) << answer;
  };
  is_refused("/fork", "{}", "from: expected the id");
  is_refused("/fork", R"({"from":"scan","sett":{}})", "set (an object)");
  is_refused("/resume", R"({"from":"scan"})", "expected budget_usd");
  is_refused("/resume", R"({"budget_usd":-1})", "above 0");
  EXPECT_TRUE(ask("POST", "/r0000000000000/fork", R"({"from":"scan"})").starts_with("404 "));
}

TEST_F(WorkflowApiTest, TakesNoInputsForAWorkflowThatStartsPrograms) {
  const RunId run = RunId::make(begin_ + 1s);
  const std::string file =
      "name: p\ninputs: { x: string }\nroles: { tester: { system: You test. } }\n"
      "mcp_servers: { s: { command: [ls, '${{ inputs.x }}'] } }\n"
      "tasks: { a: { role: tester, tools: [s.t], prompt: hi } }\n";
  write(CreateRun{
      .run = run,
      .name = "p",
      .spec_hash = "h2",
      .spec = bytes(workflow::pack({{"a.yaml", std::make_shared<const std::string>(file)}})),
      .inputs = bytes("{}"),
      .created = begin_,
      .tasks = std::make_shared<std::vector<NewTask>>(std::vector<NewTask>{{.id = "a"}})});
  const std::string answer =
      ask("POST", "/" + run.text() + "/fork", R"({"from":"a","set":{"x":"/etc"}})");
  EXPECT_TRUE(answer.starts_with("403 ")) << answer;
  EXPECT_NE(answer.find("mcp_servers.s"), std::string::npos) << answer;
  EXPECT_EQ(starter_.forked, "");
  EXPECT_TRUE(ask("POST", "/" + run.text() + "/fork", R"({"from":"a"})").starts_with("201 "));
}

TEST_F(WorkflowApiTest, GivesCommandsToWhoeverOwnsTheRun) {
  EXPECT_TRUE(ask("POST", "/" + run_.text() + "/approve").starts_with("400 "));  // which task?
  const std::string late =
      ask("POST", "/" + run_.text() + "/approve", R"({"task":"gate","by":"ana"})");
  EXPECT_EQ(late, R"(202 {"command":1,"done":false})");
  std::string verb, task, by;
  ASSERT_TRUE(
      store_->query("SELECT verb, task, argument FROM command", {}, [&](const store::Row& row) {
        verb = row.text(0);
        task = row.text(1);
        by = row.text(2);
      }));
  EXPECT_EQ(verb + " " + task + " " + by, "approve gate ana");
  std::thread owner([&] {
    std::int64_t id = 0;
    while (id != 2) {
      (void)store_->query("SELECT max(id) FROM command", {},
                          [&](const store::Row& row) { id = row.integer(0); });
    }
    write(EndCommand{.id = 2, .answer = "cancelled"});
  });
  EXPECT_EQ(ask("POST", "/" + run_.text() + "/cancel", R"({"reason":"enough"})"),
            R"(200 {"command":2,"done":true,"answer":"cancelled"})");
  owner.join();
  write(SetRunState{.run = run_, .state = RunState::cancelled, .at = begin_ + 1s});
  EXPECT_TRUE(ask("POST", "/" + run_.text() + "/cancel").starts_with("400 "));
}

TEST_F(WorkflowApiTest, StreamsEventsAndGoesOnWhereItEnded) {
  http::RawPeer peer(address_);
  peer.send("GET /api/workflows/" + run_.text() + "/events HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string first = peer.read_until("\n\n");
  EXPECT_NE(first.find("Content-Type: text/event-stream"), std::string::npos) << first;
  EXPECT_NE(first.find("id: 1\nevent: run\ndata: {\"seq\":1,"), std::string::npos) << first;
  EXPECT_NE(first.find("\"body\":{\"state\":\"running\"}}"), std::string::npos) << first;
  write(SetTask{.run = run_, .task = 0, .state = TaskState::succeeded, .at = begin_ + 1s});
  EXPECT_NE(peer.read_until("\n\n").find("id: 2\nevent: task\ndata: {\"seq\":2,\"at\":"
                                         "\"2026-09-21T14:13:21.000Z\",\"kind\":\"task\","
                                         "\"task\":\"scan\""),
            std::string::npos);
  peer.close();

  http::RawPeer again(address_);
  again.send("GET /api/workflows/" + run_.text() +
             "/events HTTP/1.1\r\nHost: t\r\nLast-Event-ID: 1\r\nConnection: close\r\n\r\n");
  EXPECT_NE(again.read_until("\n\n").find("id: 2\n"), std::string::npos);
  write(SetRunState{.run = run_, .state = RunState::succeeded, .at = begin_ + 2s});
  const std::string rest = again.read_to_end();
  EXPECT_NE(rest.find("id: 3\nevent: run"), std::string::npos) << rest;
  EXPECT_TRUE(rest.ends_with("0\r\n\r\n")) << rest;  // it ends with the run
  EXPECT_TRUE(ask("GET", "/" + run_.text() + "/events", {}, "text/plain", "Last-Event-ID: 3\r\n")
                  .starts_with("204"));
}

}  // namespace
}  // namespace tidegate::engine
