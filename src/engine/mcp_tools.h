// McpTools: the MCP servers that the workflows of this process use. A server is started or
// connected to by the first task that needs it, shared by all whose file says the same of it, and
// let go when nobody has used it for a while. One for the engine's loop; close() must have ended
// before it is destroyed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tool_set.h"
#include "loop/loop.h"
#include "loop/notice.h"
#include "loop/resolver.h"
#include "loop/task_group.h"
#include "mcp/client.h"

namespace tidegate::engine {

class McpTools final : public ToolSource {
 public:
  // Looks a variable of the environment up; nullopt: it is not set.
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  McpTools(Loop& loop, Resolver& resolver, Environment environment, mcp::Limits limits = {},
           Duration linger = 60s);
  ~McpTools() override;

  Task<mcp::Answer<std::unique_ptr<ToolSet>>> open(const workflow::Workflow& workflow,
                                                   const workflow::Task& task,
                                                   const workflow::Scope& scope,
                                                   Cancel& cancel) override;
  // Ends all servers; nothing may be in use any more.
  Task<void> close();
  // Servers that are there now.
  [[nodiscard]] std::size_t servers() const { return servers_.size(); }

 private:
  struct Server;
  class Use;
  class Set;

  [[nodiscard]] Result<mcp::ServerSpec> spec_of(const workflow::McpServer& server,
                                                const workflow::Scope& scope) const;
  std::shared_ptr<Use> use(mcp::ServerSpec spec);
  Task<void> let_go_later(std::string key, std::uint64_t use);
  void released(Server& server);

  Loop& loop_;
  Resolver& resolver_;
  const Environment environment_;
  const mcp::Limits limits_;
  const Duration linger_;
  std::map<std::string, std::unique_ptr<Server>> servers_;  // by all that their spec says
  Notice closing_;
  Notice gone_;  // a task of tasks_ has ended
  bool closed_ = false;
  TaskGroup tasks_;
};

}  // namespace tidegate::engine
