// Link: how JSON-RPC messages reach one MCP server and its answers come back. A seam with two
// sides, HTTP and the streams of a child process. One loop, never shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loop/cancel.h"
#include "loop/loop.h"
#include "loop/task.h"
#include "mcp/failure.h"

namespace tidegate::mcp {

// Which versions a link speaks is learnt by its owner.
struct Speech {
  std::string version;  // of the protocol; empty: not known yet
  bool stateless = true;
};

// One request; it must outlive the asking.
struct Ask {
  std::uint64_t id;
  std::string_view method;
  std::string text;          // the whole message
  std::string header_lines;  // HTTP alone: what the headers repeat of it
  TimePoint deadline;
  Duration idle;            // without an answer or progress
  bool repeatable = false;  // may be sent a second time when a kept connection has died
};

class Link {
 public:
  virtual ~Link() = default;

  // Makes ready to ask, from the beginning: what was open before is ended.
  virtual Task<Answer<void>> open(Cancel& cancel) = 0;
  // False: what was open is no more, and so is what was agreed on there.
  [[nodiscard]] virtual bool is_open() const = 0;
  // From the next message on.
  virtual void speak(Speech speech) = 0;

  // The text of the response to `ask`. A failure names no server; it may say what the server did.
  virtual Task<Answer<std::string>> ask(const Ask& ask, Cancel& cancel) = 0;
  // Sends a notification.
  virtual Task<Answer<void>> tell(std::string text, TimePoint deadline) = 0;
  // Lets everything go that the server holds for us. The last call.
  virtual Task<void> close() = 0;
};

}  // namespace tidegate::mcp
