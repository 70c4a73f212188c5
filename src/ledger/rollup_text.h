// How sums by hour and day lie in the roll-up table: a JSON array of one array per entry, zeros at
// its end left out.
//
//   [[label_set,attempts,requests,...], ...]         (Measure's order)
//
// One row of numbers per entry would take 0.6 us to read in SQLite, this takes 0.13, grouped.
// Ledgers of before have tasks in the same form, [[label_set,"task",last_us,last_ok,attempts,...],
// ...]; now they lie in task_rows.h. Functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ledger/sums.h"

namespace tidegate::ledger {

// One entry. `task` is raw, with its JSON escapes; a view into the text that it was read from.
struct RollupEntry {
  std::int64_t label_set = 0;
  std::string_view task;
  std::int64_t last_us = 0;  // of a task: when its latest request began
  std::int64_t last_ok = 0;  // and whether it ended well
  Sums sums;
};

void append_entry(std::string& out, std::int64_t label_set, const Sums& sums);
// What to put behind the last entry.
void finish_entries(std::string& out);

// Reads a text entry by entry. One per text, on the stack.
class RollupCursor {
 public:
  RollupCursor(std::string_view text, bool has_task) : text_(text), has_task_(has_task) {}
  // False at the end, and where the text is none that append_entry() wrote: then damaged() is true.
  bool next(RollupEntry& entry);
  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  bool read(RollupEntry& entry);

  std::string_view text_;
  std::size_t at_ = 0;
  bool has_task_;
  bool damaged_ = false;
};

}  // namespace tidegate::ledger
