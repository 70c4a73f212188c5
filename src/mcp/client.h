// Client: one MCP server: learns what it speaks, lists its tools, calls them. Several may ask at
// once. A child that has died is started again by the next asking, a session that has ended begun
// anew. One loop, never shared; close() must have ended before it is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/cancel.h"
#include "loop/notice.h"
#include "loop/resolver.h"
#include "loop/task.h"
#include "mcp/failure.h"
#include "mcp/link.h"
#include "mcp/message.h"
#include "mcp/server_spec.h"
#include "mcp/tool.h"
#include "mcp/tool_result.h"

namespace tidegate::mcp {

struct CallTimes {
  Duration idle{};   // without an answer or progress; 0: the server's limits.idle
  Duration total{};  // 0: the server's limits.total
};

class Client {
 public:
  // `spec` must be one that check() takes.
  Client(Loop& loop, Resolver& resolver, ServerSpec spec);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using Tools = std::shared_ptr<const std::vector<Tool>>;
  // All its tools, sorted by name, so that the same set is the same prompt. Asked once; again after
  // forget_tools().
  Task<Answer<Tools>> tools(Cancel& cancel);
  void forget_tools() { tools_ = nullptr; }
  // A sentence for each tool that was left out of the last list.
  [[nodiscard]] const std::vector<std::string>& refused_tools() const { return refused_; }

  // Calls a tool of this server once. `arguments`: a JSON object, checked against the tool's schema
  // before anything is sent. A result with is_error is a result. What it fails with names the
  // server and the tool, and says whether it may have run.
  Task<Answer<ToolResult>> call(const Tool& tool, std::string arguments, CallTimes times,
                                Cancel& cancel);

  // Ends the session or the child. The last call.
  Task<void> close();

  [[nodiscard]] const ServerSpec& spec() const { return spec_; }
  // "2026-07-28"; empty before the first asking.
  [[nodiscard]] const std::string& version() const { return speech_.version; }

 private:
  enum class Era : std::uint8_t { unknown, stateless, initialize };

  // What becomes of one start, for all who wait for it.
  struct Start {
    std::optional<Answer<void>> result;
    std::vector<Notice*> waiting;
  };

  Task<Answer<void>> ready(Cancel& cancel);
  Task<Answer<void>> result_of(std::shared_ptr<Start> start, Cancel& cancel);
  Task<Answer<void>> connect(Cancel& cancel);
  Task<Answer<void>> probe(Cancel& cancel);
  Task<Answer<void>> initialize(Cancel& cancel);
  Task<Answer<void>> list(std::vector<Tool>& out, Cancel& cancel);
  // The result of one request, as JSON text; a RemoteError becomes a failure, or is left in
  // `remote` where that is given.
  Task<Answer<std::string>> request(std::string_view method, std::string members,
                                    std::string header_lines, CallTimes times, bool repeatable,
                                    Cancel& cancel, RemoteError* remote);
  [[nodiscard]] std::unexpected<Failure> named(Failure failure, std::string_view tool = {}) const;

  Loop& loop_;
  const ServerSpec spec_;
  std::unique_ptr<Link> link_;
  Speech speech_;
  Era era_ = Era::unknown;
  bool ready_ = false;
  std::shared_ptr<Start> start_;  // the one under way; null: none
  std::uint64_t next_id_ = 1;
  Tools tools_;
  std::vector<std::string> refused_;
};

}  // namespace tidegate::mcp
