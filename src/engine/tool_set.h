// The tools that one task may use, and where they come from: a seam between the loop of turns and
// the servers that have the tools (mcp_tools.h). One loop, never shared.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "loop/cancel.h"
#include "loop/task.h"
#include "mcp/failure.h"
#include "mcp/tool_result.h"
#include "workflow/definition.h"
#include "workflow/render.h"
#include "workflow/scope.h"

namespace tidegate::engine {

struct OfferedTool {
  std::string name;         // "server.tool", as the workflow says it
  workflow::ToolForm form;  // as the model sees it
  mcp::Hints hints;
};

class ToolSet {
 public:
  virtual ~ToolSet() = default;
  // Sorted by the name that the model sees, so that the same set is the same prompt.
  [[nodiscard]] virtual std::span<const OfferedTool> offered() const = 0;
  // Calls the tool at `index` once.
  virtual Task<mcp::Answer<mcp::ToolResult>> call(std::size_t index, std::string arguments,
                                                  Cancel& cancel) = 0;
};

class ToolSource {
 public:
  virtual ~ToolSource() = default;
  // Those that `task` names. A failure names the server and, where it is one, the tool.
  virtual Task<mcp::Answer<std::unique_ptr<ToolSet>>> open(const workflow::Workflow& workflow,
                                                           const workflow::Task& task,
                                                           const workflow::Scope& scope,
                                                           Cancel& cancel) = 0;
};

}  // namespace tidegate::engine
