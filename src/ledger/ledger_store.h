// LedgerStore: a store with the ledger's tables, and the transactions that keep segments, roll-ups
// and what the ledger knows of itself in agreement. Belongs to the thread that writes: the ledger's
// writer, an import. After an error it is of no more use: open a new one.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/time.h"
#include "ledger/rollup.h"
#include "ledger/segment.h"
#include "store/store.h"

namespace tidegate::ledger {

class LedgerStore {
 public:
  // Brings the tables to this program's version. Error::invalid: a newer program made them.
  static Result<std::unique_ptr<LedgerStore>> open(std::unique_ptr<store::Store> store);
  ~LedgerStore();

  struct Inserted {
    std::uint64_t segments = 0, records = 0;  // those that were not there yet
    std::uint64_t damaged = 0;                // segments that nobody could read; left out
  };
  // In one transaction; gives way between segments.
  Result<Inserted> insert(std::span<const Segment> segments);

  // Each takes one step of a long work, in a transaction of its own, and says whether more is left.
  Result<bool> roll_up_older();
  // Deletes segments of which all records began before `before`; roll-ups stay.
  Result<bool> delete_older(WallTime before);

 private:
  explicit LedgerStore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}
  Result<void> insert(const Segment& segment, Inserted& inserted);
  Result<void> note_span(const Segment& segment);
  // Runs `work` in a transaction; rolls it back after an error.
  template <class T, class Work>
  Result<T> transact(Work work);

  std::unique_ptr<store::Store> store_;
  Rollup rollup_;
  std::int64_t longest_us_ = 0;  // at most what the store knows
  std::int64_t deleted_before_us_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace tidegate::ledger
