// How the sums of tasks lie in the roll-up table: some thousand entries a row, column by column, as
// a report over a month reads a hundred thousand, and tasks that ran in one hour are much alike.
//
//   row:    't', the number of entries, a column for each of label_set, last_us, last_ok and the
//           measures in Measure's order (those that are zero throughout left out at the end), ';',
//           and each task's name behind a line feed, escaped as in JSON
//   column: ':', its least value (times two, or of -1 and less times minus two less one), how many
//           digits what lies above it takes, and that many digits for each entry
//   number: how many digits it takes, and these
//   digit:  six bits as a character, '0' and up; the lowest digit comes first
//
// Half the bytes of numbers in JSON and a fourth of the time, as lengths do not vary. Rows of
// before are JSON, as rollup_text.h has it, and are read all the same. Functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ledger/rollup_text.h"

namespace tidegate::ledger {

[[nodiscard]] std::string task_row(std::span<const RollupEntry> entries);

// Reads a row; an empty text is one without entries. One per row, on the stack.
class TaskRowReader {
 public:
  explicit TaskRowReader(std::string_view row);
  // Fills in the next ones and says how many; 0 at the end, and where the row is none that
  // task_row() wrote: then damaged() is true. Tasks are views into the row.
  std::size_t next(std::span<RollupEntry> entries);
  [[nodiscard]] bool damaged() const { return damaged_ || json_.damaged(); }

 private:
  struct Column {
    std::int64_t least = 0;
    std::size_t width = 0;  // digits of each entry
    const char* digits = nullptr;
  };
  bool read_head();
  bool read_number(std::uint64_t& number);
  bool read_column(Column& column);
  bool read_tasks(std::span<RollupEntry> entries);
  template <class Take>
  void read_numbers(const Column& column, std::size_t count, Take take);
  std::uint64_t digits(const char* at, std::size_t count);

  RollupCursor json_;
  bool is_json_;
  std::string_view rest_;  // what was not read yet; at last the tasks
  const char* end_;
  std::size_t entries_ = 0, read_ = 0;
  Column label_set_, last_us_, last_ok_;
  std::array<Column, kMeasures> measures_;
  std::uint64_t strange_ = 0;  // bits that digits do not have
  bool damaged_ = false;
};

}  // namespace tidegate::ledger
