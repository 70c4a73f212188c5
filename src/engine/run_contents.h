// What a run that goes on needs of the journal beside its tasks: outputs that somebody waits for,
// conversations, and what a list takes over of another run. Read at once, by whoever may wait for
// the store, so that the runner does not. Functions for any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/journal_reader.h"

namespace tidegate::engine {

struct NeededContents {
  std::vector<std::int64_t> outputs;                     // rows of contents
  std::vector<std::uint32_t> turns;                      // of tasks of the run
  std::vector<std::pair<std::uint32_t, TaskRef>> lists;  // tasks, and whose items may be theirs
};

struct RunContents {
  std::unordered_map<std::int64_t, Bytes> outputs;
  std::map<std::uint32_t, std::vector<StoredTurn>> turns;
  // Items of the other run that have succeeded, by task and key, with their places there in
  // `reused`; their outputs are above.
  std::map<std::uint32_t, std::map<std::string, StoredTask>> lists;
};

Result<RunContents> read_contents(JournalReader& reader, RunId run, const NeededContents& needed);

// A run of the journal that goes on within another one.
struct StoredWithin {
  StoredRun run;
  std::vector<StoredTask> tasks;
};

}  // namespace tidegate::engine
