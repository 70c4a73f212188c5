#include "engine/mcp_tools.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/scratch_dir.h"
#include "loop/run_task.h"

namespace tidegate::engine {
namespace {

const std::string kServer = std::string(TIDEGATE_SOURCE_DIR) + "/tests/support/mcp_server.py";

class Inputs final : public workflow::Scope {
 public:
  workflow::Value input(std::string_view name) const override {
    return name == "journal" ? workflow::Value(journal) : workflow::Value();
  }
  const workflow::Need* need(std::string_view) const override { return nullptr; }
  std::vector<const workflow::Need*> needs() const override { return {}; }
  workflow::Value item() const override { return {}; }
  std::int64_t item_index() const override { return -1; }
  std::string_view item_key() const override { return {}; }
  workflow::Value run(std::string_view) const override { return {}; }
  std::string journal;
};

using Opened = mcp::Answer<std::unique_ptr<ToolSet>>;

class McpToolsTest : public testing::Test {
 protected:
  McpToolsTest() {
    scope.journal = (folder / "journal").string();
    add_server("peer");
  }
  ~McpToolsTest() override { run_task(loop, tools.close()); }

  void add_server(const std::string& name) {
    workflow::McpServer server;
    server.name = name;
    for (const std::string& word : {std::string("python3"), kServer, std::string("--journal"),
                                    std::string("${{ inputs.journal }}")}) {
      server.command.push_back(*workflow::Template::compile(word));
    }
    file.mcp_servers.push_back(server);
  }
  static Task<void> open(McpToolsTest& self, std::vector<std::string> names, Opened& out) {
    auto settings = std::make_shared<workflow::TaskSettings>();
    settings->tools = std::move(names);
    workflow::Task task;
    task.settings = settings;
    out = co_await self.tools.open(self.file, task, self.scope, self.cancel);
  }
  Opened open(std::vector<std::string> names) {
    Opened out = mcp::failed(ErrorCode::internal, "not asked");
    run_task(loop, open(*this, std::move(names), out));
    return out;
  }
  static Task<void> call(McpToolsTest& self, ToolSet& set, std::string& out) {
    Task<mcp::Answer<mcp::ToolResult>> calling = set.call(0, R"({"text":"hi"})", self.cancel);
    const mcp::Answer<mcp::ToolResult> answer = co_await calling;
    out = answer ? mcp::as_text(*answer) : answer.error().error.message;
  }
  static Task<void> wait(McpToolsTest& self, std::size_t servers) {
    while (self.tools.servers() != servers) {
      co_await self.loop.sleep_until(self.loop.now() + 5ms);
    }
  }

  const ScratchDir folder;
  const SystemClock clock;
  Loop loop{clock};
  Resolver resolver{clock};
  Cancel cancel;
  workflow::Workflow file;
  Inputs scope;
  std::map<std::string, std::string> variables;
  McpTools tools{loop,
                 resolver,
                 [this](const std::string& name) -> std::optional<std::string> {
                   const auto at = variables.find(name);
                   return at == variables.end() ? std::nullopt : std::optional(at->second);
                 },
                 {},
                 50ms};
};

TEST_F(McpToolsTest, OffersWhatTheTaskNamesAndNoMore) {
  const Opened set = open({"peer.echo", "peer.record"});
  ASSERT_TRUE(set) << set.error().error.message;
  ASSERT_EQ((*set)->offered().size(), 2u);
  EXPECT_EQ((*set)->offered()[0].name, "peer.echo");
  EXPECT_EQ((*set)->offered()[0].form.name, "peer__echo");
  EXPECT_EQ((*set)->offered()[0].form.description, "Does echo.");
  EXPECT_TRUE((*set)->offered()[0].hints.read_only);
  EXPECT_FALSE((*set)->offered()[1].hints.read_only);
  std::string answer;
  run_task(loop, call(*this, **set, answer));
  EXPECT_EQ(answer, "hi");
  std::ifstream journal(scope.journal);
  std::stringstream calls;
  calls << journal.rdbuf();
  EXPECT_EQ(calls.str(), "echo {\"text\": \"hi\"}\n");
}

TEST_F(McpToolsTest, SharesServersAndLetsThemGoWhenNobodyUsesThem) {
  {
    const Opened first = open({"peer.echo"});
    const Opened second = open({"peer.add", "peer.echo"});
    ASSERT_TRUE(first && second);
    EXPECT_EQ(tools.servers(), 1u);
    scope.journal = (folder / "other").string();  // another command line, another server
    const Opened third = open({"peer.echo"});
    ASSERT_TRUE(third);
    EXPECT_EQ(tools.servers(), 2u);
  }
  run_task(loop, wait(*this, 0));
  EXPECT_EQ(tools.servers(), 0u);
}

TEST_F(McpToolsTest, SaysWhatIsMissing) {
  EXPECT_EQ(open({"nobody.echo"}).error().error.message, "the file has no MCP server \"nobody\"");
  const Opened tool = open({"peer.no_such"});
  ASSERT_FALSE(tool);
  EXPECT_EQ(tool.error().error.code, ErrorCode::not_found);
  EXPECT_NE(tool.error().error.message.find(
                "MCP server \"peer\" has no usable tool \"no_such\"; it has: add, ask_back"),
            std::string::npos)
      << tool.error().error.message;
  file.mcp_servers[0].env = {{"TOKEN", "MY_TOKEN"}};
  EXPECT_EQ(open({"peer.echo"}).error().error.message,
            "mcp_servers.peer.env: the environment variable MY_TOKEN is not set");
  variables["MY_TOKEN"] = "t";
  EXPECT_TRUE(open({"peer.echo"}));
}

}  // namespace
}  // namespace tidegate::engine
