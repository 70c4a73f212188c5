// What a forked run takes over of the run that it is made from, and what it does again.
// Pure function, any thread; used by the engine.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/journal_reader.h"
#include "workflow/definition.h"

namespace tidegate::engine {

struct ForkPlan {
  std::vector<Reuse> reused;      // as the journal shall write it down
  std::vector<StoredTask> tasks;  // as the journal then has the new run
};

// `from` and all that depends on it is done again, and so is what has no result: what failed, was
// cancelled or skipped, or never began. All else keeps its result. `stored`: the tasks of `source`.
// Error not_found: there is no task `from`; the message names near ones.
[[nodiscard]] Result<ForkPlan> plan_fork(const workflow::Workflow& workflow, RunId source,
                                         const std::vector<StoredTask>& stored,
                                         std::string_view from);

}  // namespace tidegate::engine
