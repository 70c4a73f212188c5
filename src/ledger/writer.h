// The ledger's writer thread: gathers records, appends them to the journal in groups, and loads the
// journal into the store: once a second under load, soon when no more records come, and when it is
// back if it was away. record(), flush() and stats() from any thread; all else is the thread's own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "ledger/intake.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_store.h"
#include "ledger/segment.h"
#include "ledger/signal.h"

namespace tidegate::ledger {

class Ledger::Writer {
 public:
  explicit Writer(Options options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void record(const UsageRecord& record);
  void flush();
  [[nodiscard]] Stats stats() const;

 private:
  // What other threads ask of the writer: to deliver at once, and to end.
  struct Request {
    std::uint64_t flush = 0;  // number of the last flush() that has begun
    bool stop = false;
    [[nodiscard]] bool newer_than(const Request& other) const {
      return flush != other.flush || stop != other.stop;
    }
  };

  void run();
  [[nodiscard]] Request requested() const;
  // Sleeps until there is work, then gathers more for commit_every, unless a request hurries it.
  Request wait_for_work();
  void take_records();
  // Brings `waiting_` to the disk: to the journal, or to the store if the journal refuses.
  void make_durable(bool urgent);
  void keep_durable();
  [[nodiscard]] bool must_load() const;
  [[nodiscard]] bool tidies_up() const;
  void load_journal();
  // Takes one step at what has time: rolling up an older ledger, deleting what is too old.
  void tidy_up();
  bool have_store(bool urgent);  // `urgent` does not wait for retry_at_
  Result<void> write(std::span<const Segment> segments);
  void store_failed(const Error& error);
  void note(const Error& error);
  bool append_waiting();
  void load_recent();
  void forget_recent();
  [[nodiscard]] std::int64_t next_id();

  const Options options_;
  Intake intake_;
  Signal signal_;
  std::atomic<std::uint64_t> recorded_{0};
  std::atomic<std::uint64_t> settled_{0};  // recorded and no longer in memory
  std::atomic<std::uint64_t> committed_{0}, lost_{0}, torn_{0}, journal_bytes_{0};
  std::atomic<bool> store_available_{true};

  // Guards the three below: taken by flush(), stats() and once per commit, never by record().
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  Request request_;
  Request answer_;
  std::string last_error_;

  // The writer thread's.
  std::vector<Segment> waiting_;  // in memory, not durable
  // What the journal has pending, as long as it is little enough to spare the reading.
  std::vector<Segment> recent_;
  std::size_t recent_bytes_ = 0;
  bool recent_is_all_ = false;
  Journal::Place recent_place_;
  std::vector<std::string> rooms_;  // memory of segments in the store, for the next ones
  bool writes_waiting_ = false;     // to the store, so that they must stay as they are
  Journal journal_;
  std::unique_ptr<LedgerStore> store_;
  std::uint64_t damaged_ = 0;  // segments of the journal that were whole but could not be read
  bool rolls_up_ = false;      // an older ledger has records that are in no roll-up
  TimePoint delete_at_{};      // not before this is looked for records that are too old
  Duration backoff_{};
  TimePoint retry_at_{};  // not before this is the store tried again
  TimePoint load_at_{};   // the latest time to load the journal, if something is in it
  TimePoint taken_at_{};  // when the intake was last empty or emptied
  std::int64_t last_id_ = 0;
  std::thread thread_;
};

}  // namespace tidegate::ledger
