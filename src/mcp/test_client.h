// For tests: a client on a loop of the test's own, and servers to talk to.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/scratch_dir.h"
#include "loop/run_task.h"
#include "mcp/client.h"

namespace tidegate::mcp {

inline const std::string kServer =
    std::string(TIDEGATE_SOURCE_DIR) + "/tests/support/mcp_server.py";

// A server over HTTP: a shell command that prints its port first and ends when its input does.
class HttpPeer {
 public:
  explicit HttpPeer(const std::string& command) {
    int input[2];
    int output[2];
    EXPECT_EQ(::pipe2(input, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(output, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(input[0], 0);
      ::dup2(output[1], 1);
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    char byte = 0;
    while (::read(output[0], &byte, 1) == 1 && byte != '\n') port_ += byte;
    ::close(output[0]);
  }
  ~HttpPeer() {
    ::close(input_);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_ + "/mcp"; }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  std::string port_;
};

enum class Via : std::uint8_t { stdio, http };
struct Setting {
  Via via;
  std::string era;
};

class ClientTest : public testing::Test {
 protected:
  void use(const Setting& setting, const std::string& more = {}) {
    const std::string arguments = "--era " + setting.era + " --journal '" + journal() + "' " + more;
    if (setting.via == Via::http) {
      peer.emplace("exec python3 '" + kServer + "' --http " + arguments);
      spec.url = peer->url() + "?team=7";
    } else {
      spec.command = {"/bin/sh", "-c", "exec python3 '" + kServer + "' " + arguments};
    }
    make();
  }
  void make() {
    spec.name = "peer";
    ASSERT_TRUE(check(spec)) << check(spec).error().message;
    client.emplace(loop, resolver, spec);
  }
  ~ClientTest() override {
    if (client) run(client->close());
  }

  void run(Task<void> task) { run_task(loop, std::move(task)); }

  [[nodiscard]] std::string journal() const { return (folder / "journal").string(); }
  [[nodiscard]] std::string journalled() const {
    std::ifstream file(journal());
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
  }

  static Task<void> list(ClientTest& self, Cancel& until, Answer<Client::Tools>& out) {
    out = co_await self.client->tools(until);
  }
  Answer<Client::Tools> list() {
    Answer<Client::Tools> out = failed(ErrorCode::internal, "not asked");
    run(list(*this, cancel, out));
    return out;
  }

  static Task<void> call(ClientTest& self, std::string name, std::string arguments, CallTimes times,
                         Answer<ToolResult>& out) {
    const Answer<Client::Tools> tools = co_await self.client->tools(self.cancel);
    if (!tools) {
      out = std::unexpected(tools.error());
      co_return;
    }
    for (const Tool& tool : **tools) {
      if (tool.name != name) continue;
      Task<Answer<ToolResult>> calling = self.client->call(tool, arguments, times, self.cancel);
      out = co_await calling;
      co_return;
    }
    out = failed(ErrorCode::not_found, "no such tool");
  }
  Answer<ToolResult> call(const std::string& name, const std::string& arguments = "{}",
                          CallTimes times = {}) {
    Answer<ToolResult> out = failed(ErrorCode::internal, "not asked");
    run(call(*this, name, arguments, times, out));
    return out;
  }

  const ScratchDir folder;
  const SystemClock clock;
  Loop loop{clock};
  Resolver resolver{clock};
  Cancel cancel;
  ServerSpec spec;
  std::optional<HttpPeer> peer;
  std::optional<Client> client;
};

inline Task<void> wait_a_turn(Loop& loop) { co_await loop.sleep_until(loop.now() + 10ms); }

inline std::string shown(const Answer<ToolResult>& answer) {
  return answer ? as_text(*answer) : "error: " + answer.error().error.message;
}

}  // namespace tidegate::mcp
