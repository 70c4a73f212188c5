// StdioLink: an MCP server as a child process; a message is a line of its standard input or output.
// Owned by a Client. One loop, never shared; close() must have ended before it is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "loop/notice.h"
#include "loop/task_group.h"
#include "mcp/child_process.h"
#include "mcp/link.h"
#include "mcp/server_spec.h"

namespace tidegate::mcp {

class StdioLink final : public Link {
 public:
  StdioLink(Loop& loop, const ServerSpec& spec) : loop_(loop), spec_(spec), ended_(loop) {}

  Task<Answer<void>> open(Cancel& cancel) override;
  [[nodiscard]] bool is_open() const override { return child_ != nullptr && !ending_; }
  void speak(Speech) override {}
  Task<Answer<std::string>> ask(const Ask& ask, Cancel& cancel) override;
  Task<Answer<void>> tell(std::string text, TimePoint deadline) override;
  Task<void> close() override;

 private:
  // A request whose answer has not come.
  struct Pending {
    explicit Pending(Loop& loop) : notice(loop) {}
    Notice notice;
    TimePoint last_sign{};  // of its being worked on
    bool over = false;
    Answer<std::string> answer = failed(ErrorCode::internal, "no answer");
  };

  Task<void> read_output(ChildProcess& child);
  Task<void> read_errors(ChildProcess& child);
  void take_last_errors(ChildProcess& child);
  void keep_errors(std::string_view written);
  void end_it(std::string why);
  Task<void> end(ChildProcess& child);
  Task<void> flush(ChildProcess& child);
  void take_lines(std::string_view received);
  void take_line(std::string_view line);
  void take_message(std::string_view text);
  Result<void> send(std::string_view line);
  bool write_some();  // false: more is left
  void finish(std::uint64_t id, Answer<std::string> answer);
  void cancel_request(std::uint64_t id, std::string_view reason);
  [[nodiscard]] std::string silence(Duration waited) const;

  Loop& loop_;
  const ServerSpec& spec_;
  std::unique_ptr<ChildProcess> child_;
  TaskGroup tasks_;
  Notice ended_;         // the child is gone and all its tasks but the one that says so
  bool ending_ = false;  // nothing more is sent
  bool flushing_ = false;
  std::string input_;            // to be written
  std::string output_;           // the unfinished line
  std::string errors_;           // the end of what it wrote to stderr
  std::string stray_;            // the last line of its output that was no message
  std::size_t stray_bytes_ = 0;  // of its output since the last message
  std::string why_ended_;        // by us; empty: it ended by itself
  std::unordered_map<std::uint64_t, Pending*> pending_;
};

}  // namespace tidegate::mcp
