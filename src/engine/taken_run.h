// TakenRun: a run that did not end, with its lease and all that it takes to go on with it.
// Functions for any thread with a store of its own.
#pragma once

#include <string>
#include <vector>

#include "engine/journal_reader.h"

namespace tidegate::engine {

struct TakenRun {
  StoredRun run;
  std::int64_t epoch = 0;  // of its lease
  std::string spec, inputs;
  std::vector<StoredTask> tasks;
};

// Error unavailable: another process works on it; invalid: it has ended, or is within another.
Result<TakenRun> take_run(JournalReader& reader, store::Store& store, RunId id,
                          const std::string& owner, Duration lease);

// Runs that shall go on by themselves and that no process works on; those that a budget holds up
// wait for a person. `mine`: this process' name, whose own runs are among them.
Result<std::vector<RunId>> free_runs(store::Store& store, const std::string& mine);

}  // namespace tidegate::engine
