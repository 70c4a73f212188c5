// What one MCP server may use of us: sizes, counts and waits. Plain values, any thread.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace tidegate::mcp {

struct Limits {
  std::size_t message_bytes = 16u << 20;  // of one message from the server
  std::size_t stray_bytes = 4u << 20;     // that a child writes without a message among them
  std::size_t queued_bytes = 16u << 20;   // to a child process that does not read
  std::size_t stderr_bytes = 2048;        // the end of what a child wrote, for errors
  int tools = 2000;
  int pages = 100;
  Duration connect = 10s;
  Duration start = 60s;  // from the start of a child or session until it answers
  Duration probe = 5s;   // a server silent for so long is taken for one of the initialize era
  Duration idle = 2min;  // of a call, without an answer or progress
  Duration total = 30min;
  Duration stop = 2s;  // for a child to end by itself, twice: after end of input, after SIGTERM
};

}  // namespace tidegate::mcp
