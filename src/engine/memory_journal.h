// A journal that keeps nothing beyond the process: for tests, and to measure what the engine costs
// without a store. One thread.
#pragma once

#include <vector>

#include "engine/journal.h"

namespace tidegate::engine {

class MemoryJournal final : public Journal {
 public:
  enum class Keep : bool { nothing, records };
  explicit MemoryJournal(Keep keep = Keep::nothing) : keep_(keep) {}

  void append(Record record) override {
    if (keep_ == Keep::records) records_.push_back(std::move(record));
    count_append();
    if (!broken_) committed_up_to(appended());
  }
  void append_both(Record first, Record second) override {
    append(std::move(first));
    append(std::move(second));
  }
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

  // From now on nothing is durable.
  void break_down(Error error) {
    broken_ = true;
    fail_for_good(std::move(error));
  }

 private:
  Keep keep_;
  bool broken_ = false;
  std::vector<Record> records_;
};

}  // namespace tidegate::engine
