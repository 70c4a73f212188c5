#include "mcp/stdio_link.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "json/writer.h"
#include "mcp/message.h"

namespace tidegate::mcp {
namespace {

// Everybody else on the loop has a turn. After each read that filled its memory: a child may write
// faster than we read.
struct OthersFirst {
  Loop& loop;
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const {
    loop.post([waiter] { waiter.resume(); });
  }
  void await_resume() const {}
};

}  // namespace

Task<Answer<void>> StdioLink::open(Cancel& cancel) {
  end_it("it did not answer as a server does");
  const TimePoint deadline = loop_.now() + spec_.limits.start;
  const Cancel::Listener listener(cancel, [this] { ended_.give(); });
  while (child_ != nullptr) {
    if (cancel.canceled()) co_return failed(ErrorCode::canceled, "it was canceled");
    if (loop_.now() >= deadline) {
      co_return failed(ErrorCode::timeout, "the process that it was before does not end");
    }
    co_await ended_.until_given(deadline);
  }
  Result<std::unique_ptr<ChildProcess>> started = ChildProcess::start(loop_, spec_);
  if (!started) co_return std::unexpected(Failure{started.error(), Fate::not_run});
  child_ = std::move(*started);
  ending_ = false;
  for (std::string* text : {&input_, &output_, &errors_, &stray_, &why_ended_}) text->clear();
  stray_bytes_ = 0;
  tasks_.spawn(read_errors(*child_));
  tasks_.spawn(read_output(*child_));
  co_return Answer<void>{};
}

Task<Answer<std::string>> StdioLink::ask(const Ask& ask, Cancel& cancel) {
  if (cancel.canceled()) co_return failed(ErrorCode::canceled, "it was canceled");
  if (!is_open()) co_return failed(ErrorCode::unavailable, "it is not running");
  Pending pending(loop_);
  pending.last_sign = loop_.now();
  pending_.emplace(ask.id, &pending);
  if (Result<void> sent = send(ask.text); !sent) {
    pending_.erase(ask.id);
    co_return std::unexpected(Failure{sent.error(), Fate::not_run});
  }
  const Cancel::Listener listener(cancel, [&] { pending.notice.give(); });
  while (!pending.over) {
    const TimePoint deadline = std::min(ask.deadline, pending.last_sign + ask.idle);
    co_await pending.notice.until_given(deadline);
    if (pending.over) break;
    if (cancel.canceled()) {
      cancel_request(ask.id, "canceled");
      co_return failed(ErrorCode::canceled, "it was canceled", Fate::unknown);
    }
    if (loop_.now() >= ask.deadline || loop_.now() >= pending.last_sign + ask.idle) {
      cancel_request(ask.id, "timed out");
      co_return failed(ErrorCode::timeout, silence(loop_.now() - pending.last_sign), Fate::unknown);
    }
  }
  co_return std::move(pending.answer);
}

std::string StdioLink::silence(Duration waited) const {
  std::string out =
      fmt::format("it gave no answer; its last sign was {} ago",
                  format_duration(std::chrono::duration_cast<std::chrono::seconds>(waited)));
  if (!stray_.empty()) {
    out += fmt::format("; it wrote to its output what is no message: \"{}\"", excerpt(stray_, 120));
  }
  return out;
}

void StdioLink::cancel_request(std::uint64_t id, std::string_view reason) {
  pending_.erase(id);
  if (!is_open()) return;
  std::string members;
  json::Writer json(members);
  json.member("requestId", id).member("reason", reason);
  // If there is no room, the server does not read anyway.
  (void)send(write_message({}, "notifications/cancelled", members));
}

Task<Answer<void>> StdioLink::tell(std::string text, TimePoint) {
  if (!is_open()) co_return failed(ErrorCode::unavailable, "it is not running");
  if (Result<void> sent = send(text); !sent) {
    co_return std::unexpected(Failure{sent.error(), Fate::not_run});
  }
  co_return Answer<void>{};
}

Result<void> StdioLink::send(std::string_view line) {
  if (input_.size() + line.size() + 1 > spec_.limits.queued_bytes) {
    return fail(ErrorCode::too_large,
                fmt::format("it does not read: {} bytes wait to be sent", input_.size()));
  }
  input_.append(line).push_back('\n');
  if (!flushing_ && !write_some()) {
    flushing_ = true;
    tasks_.spawn(flush(*child_));
  }
  return {};
}

bool StdioLink::write_some() {
  while (!input_.empty()) {
    const iovec piece{input_.data(), input_.size()};
    const Io io = child_->input().write({&piece, 1});
    input_.erase(0, io.bytes);
    if (io.again) return false;
    if (io.failed()) input_.clear();  // it has gone; read_output() sees that too
  }
  return true;
}

Task<void> StdioLink::flush(ChildProcess& child) {
  while (!ending_ && !write_some()) {
    const Wake wake = co_await child.input().until_writable(kNever);
    if (wake != Wake::ready) break;
  }
  flushing_ = false;
}

Task<void> StdioLink::read_output(ChildProcess& child) {
  Socket& output = child.output();
  while (why_ended_.empty()) {
    const Io io = output.read(loop_.scratch(), Loop::kScratchSize);
    if (io.again) {
      const Wake wake = co_await output.until_readable(kNever);
      if (wake != Wake::ready) break;
      continue;
    }
    if (io.failed()) break;
    take_lines({loop_.scratch(), io.bytes});
    const OthersFirst others{loop_};
    if (io.bytes == Loop::kScratchSize) co_await others;
  }
  co_await end(child);
}

Task<void> StdioLink::read_errors(ChildProcess& child) {
  Socket& errors = child.errors();
  for (;;) {
    const Io io = errors.read(loop_.scratch(), Loop::kScratchSize);
    if (io.failed()) co_return;
    if (io.again) {
      const Wake wake = co_await errors.until_readable(kNever);
      if (wake != Wake::ready) co_return;
      continue;
    }
    keep_errors({loop_.scratch(), io.bytes});
    if (io.bytes < Loop::kScratchSize) continue;
    const OthersFirst others{loop_};
    co_await others;
    if (ending_) co_return;  // the child may be gone with the next turn
  }
}

// What it wrote just before it ended may not have been announced to the loop yet.
void StdioLink::take_last_errors(ChildProcess& child) {
  for (std::size_t taken = 0; taken < spec_.limits.stderr_bytes;) {
    const ssize_t size = ::read(child.errors().fd(), loop_.scratch(), Loop::kScratchSize);
    if (size <= 0) return;
    taken += static_cast<std::size_t>(size);
    keep_errors({loop_.scratch(), static_cast<std::size_t>(size)});
  }
}

void StdioLink::keep_errors(std::string_view written) {
  errors_.append(written);
  if (errors_.size() > spec_.limits.stderr_bytes) {
    errors_.erase(0, errors_.size() - spec_.limits.stderr_bytes);
  }
}

// Begins the end of a child that is wanted no more.
void StdioLink::end_it(std::string why) {
  if (!is_open()) return;
  why_ended_ = std::move(why);
  child_->output().cancel();  // wakes read_output(), if that is not what called us
}

// The child has closed its output, or is to go. Whoever still waits is told how it ended.
Task<void> StdioLink::end(ChildProcess& child) {
  ending_ = true;
  co_await child.stop(spec_.limits.stop);
  take_last_errors(child);
  child.errors().cancel();  // of a grandchild that lives on
  child.input().cancel();
  std::string message = why_ended_.empty() ? fmt::format("it {}", child.how_it_ended())
                                           : fmt::format("it was ended: {}", why_ended_);
  if (!errors_.empty()) message += fmt::format("; it last wrote: \"{}\"", last_words(errors_));
  if (!stray_.empty()) {
    message += fmt::format("; its output was no message: \"{}\"", excerpt(stray_, 120));
  }
  const ErrorCode code = why_ended_.empty() ? ErrorCode::unavailable : ErrorCode::bad_answer;
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, pending] : pending_) waiting.push_back(id);
  for (const std::uint64_t id : waiting) finish(id, failed(code, message, Fate::unknown));
  // Later, when the tasks that work on the child have returned.
  loop_.post([this] {
    child_.reset();
    ended_.give();
  });
}

// Whole lines are taken from a copy: whoever an answer wakes may use the loop's scratch memory.
void StdioLink::take_lines(std::string_view received) {
  const std::size_t end = received.rfind('\n');
  if (end != received.npos) {
    std::string block = std::exchange(output_, {});
    block.append(received.substr(0, end + 1));
    received.remove_prefix(end + 1);
    output_ = received;
    for (std::string_view rest = block; !rest.empty();) {
      const std::size_t size = rest.find('\n');
      take_line(rest.substr(0, size));
      rest.remove_prefix(size + 1);
    }
  } else {
    output_.append(received);
  }
  if (output_.size() > spec_.limits.message_bytes) {
    why_ended_ = fmt::format("it sent a message of over {} bytes", spec_.limits.message_bytes);
  } else if (stray_bytes_ > spec_.limits.stray_bytes) {
    why_ended_ = fmt::format(
        "it wrote over {} bytes to its standard output and no message (what it logs belongs to its "
        "standard error)",
        spec_.limits.stray_bytes);
  }
}

void StdioLink::take_line(std::string_view line) {
  stray_bytes_ += line.size() + 1;
  line = trim(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
  if (line.empty()) return;
  const bool is_json = each_message(line, [&](std::string_view text) { take_message(text); });
  // Many servers print a greeting. It is remembered for the case that no answer comes.
  if (!is_json) stray_ = line.substr(0, 1024);
}

void StdioLink::take_message(std::string_view text) {
  const Result<Message> message = read_message(text);
  if (!message) {
    stray_ = text.substr(0, 1024);
    return;
  }
  stray_bytes_ = 0;
  switch (message->kind) {
    case Message::Kind::response:
      if (message->id) finish(*message->id, std::string(text));
      break;
    case Message::Kind::request:
      // What finds no room is lost: a server that does not read needs no answer.
      (void)send(answer_to(*message));
      break;
    case Message::Kind::notification:
      if (const std::optional<std::uint64_t> token = progress_of(*message)) {
        const auto at = pending_.find(*token);
        if (at != pending_.end()) at->second->last_sign = loop_.now();
      }
      break;
  }
}

// An answer that nobody waits for (a canceled call's) is passed over.
void StdioLink::finish(std::uint64_t id, Answer<std::string> answer) {
  const auto at = pending_.find(id);
  if (at == pending_.end()) return;
  Pending& pending = *at->second;
  pending_.erase(at);
  pending.answer = std::move(answer);
  pending.over = true;
  pending.notice.give();
}

Task<void> StdioLink::close() {
  end_it("it is no longer needed");
  while (child_ != nullptr) co_await ended_.until_given(kNever);
}

}  // namespace tidegate::mcp
