// RunDiff: what is different between two runs, out of the journal: task by task, items by their
// keys. Read on any thread; then a plain value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/journal_reader.h"

namespace tidegate::engine {

// A task of one of the two, with all that was spent on it in that run.
struct DiffSide {
  TaskState state = TaskState::waiting;
  std::string error;
  std::string model;  // that answered last; empty: none did
  std::uint64_t attempts = 0;
  Tokens prompt = 0, cached = 0, completion = 0;
  NanoDollars cost{};
  Duration took{};              // from its first request to its end; 0: it had none
  std::optional<RunId> reused;  // the run that its result was taken over from
  std::int64_t output = 0;      // row of its content; 0: none
};

struct TaskDiff {
  std::string name;                     // ID, or ID[KEY] of an item
  std::optional<DiffSide> left, right;  // none: the run has no such task
  std::string output{};  // the first lines that differ, as diff -u writes them; empty: none do

  [[nodiscard]] bool outcome_differs() const;
  [[nodiscard]] bool output_differs() const;
  // One of the two did not run it, but has its result from an earlier run.
  [[nodiscard]] bool taken_over() const;
  // In anything but time.
  [[nodiscard]] bool differs() const;
};

struct InputDiff {
  std::string name;
  std::string left, right;  // JSON; "null": none
};

struct DiffTotals {
  std::uint64_t tasks = 0, succeeded = 0, failed = 0, reused = 0, attempts = 0;
  Tokens prompt = 0, cached = 0, completion = 0;
  NanoDollars cost{};
  Duration took{};
};

struct RunDiff {
  StoredRun left, right;
  std::vector<InputDiff> inputs;  // that differ
  std::vector<TaskDiff> tasks;  // all, in the order of the left run, then those of the right alone
  DiffTotals left_totals, right_totals;
};

[[nodiscard]] Result<RunDiff> read_diff(JournalReader& reader, const StoredRun& left,
                                        const StoredRun& right);

// The first lines in which two texts differ, with a line of what is before: "@@ line 3 @@", then
// "-" and "+". Long lines begin shortly before what differs. Empty: they are the same.
[[nodiscard]] std::string first_difference(std::string_view left, std::string_view right);

}  // namespace tidegate::engine
