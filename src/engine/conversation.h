// The seam between the runner and the loop of turns of a task that has tools. The runner gives a
// Conversation, which asks with everything that an attempt needs: money reserved, the intent
// committed before the request leaves, the end settled. Whoever has the tools leads it.
// Both live on the runner's loop.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/journal.h"
#include "engine/models.h"
#include "workflow/definition.h"
#include "workflow/render.h"
#include "workflow/value.h"

namespace tidegate::engine {

// A turn that an earlier process completed, from the journal.
struct StoredTurn {
  std::uint32_t number = 0;  // from 1
  Bytes answer{};            // the assistant's message, JSON
  Bytes results{};           // the tools' messages, JSON array; null: they were not all there
  std::vector<SetToolCall> calls{};
};

class Conversation {
 public:
  virtual ~Conversation() = default;

  // Asks the task's prompt with `tools` and the messages `more` behind it (workflow::request_body).
  // The attempt is committed before it leaves and settled before this gives its answer.
  virtual Task<AskResult> ask(std::span<const workflow::ToolForm> tools,
                              std::span<const std::string> more) = 0;

  // Where the turns and calls of this task are written: fill in run() and task() of each record.
  [[nodiscard]] virtual Journal& journal() = 0;
  [[nodiscard]] virtual RunId run() const = 0;
  [[nodiscard]] virtual std::uint32_t task() const = 0;     // as numbered in the journal
  [[nodiscard]] virtual std::uint32_t attempt() const = 0;  // of the last ask()
  [[nodiscard]] virtual const workflow::Workflow& workflow() const = 0;
  [[nodiscard]] virtual const workflow::Task& definition() const = 0;
  // What an expression of the workflow may ask for, such as a server's command.
  [[nodiscard]] virtual const workflow::Scope& scope() const = 0;
  // Turns of this task that are in the journal, in their order.
  [[nodiscard]] virtual std::span<const StoredTurn> before() const = 0;
  // Where turns are remembered for a later attempt of this process: what is put there, before()
  // gives then. Null: a later attempt begins at the beginning.
  [[nodiscard]] virtual std::vector<StoredTurn>* memory() { return nullptr; }
  [[nodiscard]] virtual WallTime now() const = 0;
  // What may be written down of `bytes`.
  [[nodiscard]] virtual Bytes redacted(Bytes bytes) const { return bytes; }
  // Is cancelled with the task: end what waits outside of ask() then.
  [[nodiscard]] virtual Cancel& cancel() = 0;
};

// Who has the tools. One for all runs of the process.
class ToolUser {
 public:
  virtual ~ToolUser() = default;
  // Leads the conversation until the model answers without a call of a tool, or a guard or a
  // failure ends it. The answer's text is the task's output.
  virtual Task<AskResult> converse(Conversation& conversation) = 0;
};

}  // namespace tidegate::engine
