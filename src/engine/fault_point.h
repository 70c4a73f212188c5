// Named places at which a kill test lets the process die: TIDEGATE_KILL_AT=NAME or NAME:3 kills it
// with SIGKILL when NAME is passed for the first or third time. Without it, one load and a branch.
// Any thread.
#pragma once

#include <string_view>

namespace tidegate::engine {

enum class FaultPoint {
  intent_appended,  // the attempt is written, its commit not asked for
  before_send,      // the intent is durable, nothing has left
  request_sent,     // the head of the answer is awaited
  first_byte,       // of the answer
  answer_read,      // the answer is complete, nothing of it is written
  result_appended,  // the result is written, not durable
  before_commit,    // within the transaction of a group
  after_commit,     // the group is durable, nobody knows yet
  items_appended,   // a fan-out was written
  run_ending,       // all tasks have ended, the run's state is not written
};

inline constexpr std::string_view kFaultPoints[] = {
    "intent_appended", "before_send",   "request_sent", "first_byte",     "answer_read",
    "result_appended", "before_commit", "after_commit", "items_appended", "run_ending"};

namespace fault_detail {
extern const int armed;  // of FaultPoint; -1: none
void pass();
}  // namespace fault_detail

inline void pass(FaultPoint point) {
  if (fault_detail::armed == static_cast<int>(point)) [[unlikely]]
    fault_detail::pass();
}

}  // namespace tidegate::engine
