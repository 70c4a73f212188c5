// Which MCP server, as a workflow file says it. Plain value, any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "mcp/limits.h"

namespace tidegate::mcp {

struct ServerSpec {
  std::string name = {};  // as the file calls it, and errors do
  // A child process: the program and its arguments, passed as they are, never through a shell.
  std::vector<std::string> command = {};
  // What it sees of the environment: these and the few names of child_environment().
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string folder = {};  // to start it in; empty: ours

  std::string url = {};      // streamable HTTP, where there is no command
  std::string token = {};    // "Authorization: Bearer", out of the environment; secret
  std::string ca_file = {};  // extra CAs, may be empty

  Limits limits = {};
};

// Whether a client can be made of it; invalid names the field at fault.
[[nodiscard]] Result<void> check(const ServerSpec& spec);

}  // namespace tidegate::mcp
