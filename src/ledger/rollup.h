// Rollup: keeps sums per hour and per day beside the segments, and per hour and task, so that a
// report over millions of records reads some thousand entries. Belongs to the thread that writes
// the segments; what it adds is saved in the transaction that inserts them.
//
// A row of the table rollup holds up to 64 label sets of one hour or day, or some thousand tasks of
// one hour. A label set is what reports can group by; it is named by a number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "ledger/segment.h"
#include "ledger/sums.h"
#include "store/store.h"

namespace tidegate::ledger {

// The kinds of rows, as they are stored.
enum class RollupKind : std::int64_t { hour = 0, day = 1, task = 2 };
inline constexpr std::int64_t kLabelSetsPerRow = 64;

// What a task spent with one label set in one hour.
struct TaskSums {
  Sums sums;
  std::int64_t last_us = 0;  // when its latest request began; 0: none has ended
  bool last_ok = false;

  void saw_request(std::int64_t started_us, bool ok) {
    if (started_us < last_us) return;
    last_us = started_us;
    last_ok = ok;
  }
  TaskSums& operator+=(const TaskSums& other) {
    sums += other.sums;
    saw_request(other.last_us, other.last_ok);
    return *this;
  }
};

class Rollup {
 public:
  // Within the transaction that inserts the segment, which has been counted.
  Result<void> add(store::Store& store, const Segment& segment);
  // Writes what was added since. After an error here or at the commit this object is of no more
  // use: it may know label sets that the store does not.
  Result<void> save(store::Store& store);

 private:
  struct LabelSet {
    std::int64_t id = 0;
    LabelFlags flags;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash_bytes(text); }
  };
  using TaskKey = std::tuple<std::int64_t, std::int64_t, std::string>;  // hour, label set, task

  Result<LabelSet> find(store::Store& store, std::string_view label);
  static Result<std::int64_t> id_of(store::Store& store, const std::string& labels);
  Result<void> add_tasks(store::Store& store, const Segment& segment);
  Result<void> save_rows(store::Store& store, RollupKind kind,
                         const std::map<std::pair<std::int64_t, std::int64_t>, Sums>& sums);
  Result<void> save_tasks(store::Store& store);

  std::unordered_map<std::string, LabelSet, Hash, std::equal_to<>> known_;  // by a label's text
  std::map<std::pair<std::int64_t, std::int64_t>, Sums> hours_;             // by hour and label set
  std::map<TaskKey, TaskSums> tasks_;
};

// The label set of a label, as JSON: the members that reports group by.
[[nodiscard]] std::string label_set_of(const Label& label);

// Takes one step at rolling up what a ledger held before it kept roll-ups. False: nothing is left.
Result<bool> roll_up_older(store::Store& store, Rollup& rollup);
// Forgets all roll-ups; roll_up_older() makes them anew.
Result<void> forget_rollups(store::Store& store);

}  // namespace tidegate::ledger
