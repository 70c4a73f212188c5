// TurnLoop: leads the conversation of a task that has tools: asks the model, makes the calls that
// it wants, asks again with their results, until it answers. One for all runs of the process; lives
// on the engine's loop.
//
// Every turn and call is in the journal before and after it is made, so that a crash goes on in the
// middle of the loop. A call whose end is unknown is made again only where its tool says that this
// does no harm; never in a task with `side_effects: once`, which fails and says so.
#pragma once

#include <cstddef>
#include <memory>

#include "base/time.h"
#include "engine/conversation.h"
#include "engine/tool_set.h"
#include "loop/loop.h"

namespace tidegate::engine {

struct TurnLimits {
  std::size_t tool_output_bytes = 64u << 10;  // of a result that a model gets
  std::size_t calls_per_turn = 64;            // more are refused
  std::size_t parallel_calls = 8;             // of tools that only read
  int tries = 3;                              // of one call that may be made again
  Duration first_wait = 200ms;                // before the second try; then double
};

class TurnLoop final : public ToolUser {
 public:
  TurnLoop(Loop& loop, ToolSource& source, TurnLimits limits = {})
      : loop_(loop), source_(source), limits_(limits) {}

  Task<AskResult> converse(Conversation& conversation) override;

 private:
  Task<mcp::Answer<std::unique_ptr<ToolSet>>> open(Conversation& conversation);

  Loop& loop_;
  ToolSource& source_;
  const TurnLimits limits_;
};

}  // namespace tidegate::engine
