// The ledger: takes UsageRecords from any worker without blocking and makes them durable.
// record() may be called by any thread; start() and stop() by the owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "ledger/usage_record.h"

namespace tidegate::ledger {

struct Options {
  std::string path;            // SQLite file
  std::string spill_path;      // where records go while the store cannot take them
  std::size_t queue_limit = 100'000;      // records waiting in memory before they spill
  Duration commit_every = 20ms;           // a record is durable at most 50 ms after record()
};

struct Stats {
  std::uint64_t recorded = 0, committed = 0, spilled = 0, lost = 0;
  std::uint64_t queued = 0;
  bool store_available = true;
  std::string last_error;
};

class Ledger {
 public:
  static Result<std::unique_ptr<Ledger>> open(Options options);
  ~Ledger();  // commits what is queued

  void record(UsageRecord&& record);
  // Blocks until everything recorded before the call is durable, in the store or the spill file.
  void flush();
  [[nodiscard]] Stats stats() const;

 private:
  class Writer;
  explicit Ledger(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace tidegate::ledger
