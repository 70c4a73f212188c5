// The ledger: takes UsageRecords from any worker without blocking and makes them durable.
// record() may be called by any thread; start() and stop() by the owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "ledger/usage_record.h"

namespace tidegate::store {
class Store;
}

namespace tidegate::ledger {

// Gives an open store; called again, with growing pauses, after the one before has failed. Whoever
// waits for a server, here or in the store, calls `while_waiting` meanwhile.
using WhileWaiting = std::function<void()>;
using OpenStore =
    std::function<Result<std::unique_ptr<store::Store>>(const WhileWaiting& while_waiting)>;

struct Options {
  std::string path;                   // its address (ledger_address.h), or an SQLite file
  std::string journal_path;           // where records are durable before they are in the store
  std::size_t queue_limit = 100'000;  // records in memory; only what both journal and store refuse
                                      // for long comes near it, and is lost beyond it
  Duration commit_every = 40ms;       // a record is durable at most 50 ms after record()
  Duration load_every = 1s;           // how long it may stay in the journal while others follow
  Duration keep{};                    // records that are older are deleted; zero: none are
  OpenStore open_store;               // empty: SQLite at `path`
  // Called by record(), on its thread, before anything else. With it there need be no path: then
  // nothing is kept.
  std::function<void(const UsageRecord&)> on_record = {};
};

struct Stats {
  std::uint64_t recorded = 0;       // calls of record()
  std::uint64_t committed = 0;      // in the store, those of an earlier process's journal included
  std::uint64_t lost = 0;           // neither journal nor store took them, and the queue was full
  std::uint64_t queued = 0;         // in memory, not durable yet
  std::uint64_t torn = 0;           // damaged stretches of the journal that were skipped
  std::uint64_t journal_bytes = 0;  // durable in the journal, not in the store yet
  bool store_available = true;
  std::string last_error;  // of the store or the journal; stays after a recovery
};

class Ledger {
 public:
  // Returns at once; the store is opened by the writer thread. One that cannot be opened is no
  // error: records wait in the journal until it can, and stats() tells after a flush().
  // Error::invalid: the options make no sense.
  static Result<std::unique_ptr<Ledger>> open(Options options);
  ~Ledger();  // commits what is queued
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Never blocks and takes no lock.
  void record(const UsageRecord& record);
  // Tries at once to make everything recorded before the call durable and to load it into the
  // store, and blocks until that is done or was refused: stats() tells which.
  void flush();
  [[nodiscard]] Stats stats() const;

 private:
  class Writer;
  Ledger() = default;
  std::function<void(const UsageRecord&)> on_record_;
  std::unique_ptr<Writer> writer_;  // null: nothing is kept
};

}  // namespace tidegate::ledger
