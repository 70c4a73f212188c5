// RunPicture: what a page about one run shows, out of the journal. Items of a fan-out are counted
// with their task. Read on any thread with a store of its own; then a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "base/usage.h"
#include "engine/records.h"
#include "engine/states.h"
#include "store/store.h"
#include "workflow/definition.h"

namespace tidegate::engine {

struct ItemCounts {
  std::uint64_t total = 0, succeeded = 0, failed = 0, running = 0, other_ended = 0;
};

struct AttemptTotals {
  std::uint64_t attempts = 0, failed = 0, orphaned = 0;
  Usage usage;
  NanoDollars cost, peak_cost, orphaned_cost, saved_by_cache, saved_by_window;
  void add(const AttemptTotals& other);
};

// Results that were taken over from earlier runs, which paid for them.
struct Reused {
  std::uint64_t tasks = 0;  // or items
  NanoDollars cost;
};

// A time of an attempt, for the plan of times.
struct Span {
  WallTime begin{};
  WallTime end{};
  AttemptState state = AttemptState::done;
};

struct PictureTask {
  std::string id;
  std::string role;
  TaskState state = TaskState::waiting;
  std::string error;  // of it, or of an item of it
  std::vector<std::uint32_t> needs;
  ItemCounts items;  // total 0: it has none
  AttemptTotals totals;
  Reused reused;
  std::optional<WallTime> started, ended;  // the first and last of its items
  std::vector<Span> spans;                 // of its own attempts; of many tasks none
};

struct RoleCost {
  std::string role, model;
  AttemptTotals totals;
};

struct ErrorCount {
  std::string error_class;
  std::uint64_t count = 0;
};

struct RunPicture {
  RunId run;
  std::string name;
  RunState state = RunState::running;
  std::string reason;
  WallTime created{}, changed{};
  std::optional<WallTime> ended;
  std::optional<NanoDollars> budget;
  std::string outputs;  // JSON; empty: none yet
  std::vector<PictureTask> tasks;
  std::vector<RoleCost> costs;      // the dearest first
  std::vector<ErrorCount> retries;  // failed attempts, the most frequent first
  AttemptTotals totals;
  std::optional<RunId> forked_from;
  Reused reused;

  // Of those that have ended, by choice skipped ones left out; items count one each.
  [[nodiscard]] std::uint64_t succeeded() const;
  [[nodiscard]] std::uint64_t failed() const;
};

// Error not_found: there is no such run. `workflow` knows who needs whom; null: nobody is drawn to
// need anybody.
[[nodiscard]] Result<RunPicture> read_picture(store::Store& store, RunId run,
                                              const workflow::Workflow* workflow);

}  // namespace tidegate::engine
