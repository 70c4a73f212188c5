// The ledger's writer thread: gathers records, commits them in groups, spills them to a file while
// the store is away, loads them back when it returns. record(), flush() and stats() from any
// thread; everything else is the writer thread's own.
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
#include "ledger/ledger.h"
#include "ledger/segment.h"
#include "ledger/signal.h"
#include "ledger/spill_file.h"
#include "store/store.h"

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
  // Brings `waiting_` into the store or the spill file; `urgent` does not wait for retry_at_.
  void deliver(bool urgent);
  void open_store();
  Result<void> write(std::span<const Segment> segments);
  void commit_waiting();
  void load_back();
  void spill_waiting();
  void store_failed(const Error& error);
  void note(const Error& error);
  void settle_waiting(std::atomic<std::uint64_t>& where);
  [[nodiscard]] std::int64_t next_id();

  const Options options_;
  Intake intake_;
  Signal signal_;
  std::atomic<std::uint64_t> recorded_{0};
  std::atomic<std::uint64_t> settled_{0};  // recorded and no longer in memory
  std::atomic<std::uint64_t> committed_{0}, spilled_{0}, lost_{0}, torn_{0};
  std::atomic<bool> store_available_{true};

  // Guards the three below: taken by flush(), stats() and once per commit, never by record().
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  Request request_;
  Request answer_;
  std::string last_error_;

  // The writer thread's.
  std::vector<Segment> waiting_;  // in memory, not durable
  std::unique_ptr<store::Store> store_;
  SpillFile spill_;
  Duration backoff_{};
  TimePoint retry_at_{};
  TimePoint taken_at_{};  // when the intake was last empty or emptied
  std::int64_t last_id_ = 0;
  std::thread thread_;
};

}  // namespace tidegate::ledger
