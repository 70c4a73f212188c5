// The journals of all runs of a process in one store: a writer thread commits everything that has
// come while the commit before was under way, so that many tasks share one wait for the disk. A run
// that another process has taken over, or whose records the store refuses, is lost alone. Created,
// used and destroyed on the loop's thread; the writer posts to the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "engine/command.h"
#include "engine/fault_point.h"
#include "engine/journal.h"
#include "engine/lease.h"
#include "ledger/signal.h"
#include "loop/loop.h"
#include "store/store.h"

namespace tidegate::engine {

class StoreJournal {
 public:
  struct Options {
    std::string place{};  // journal_place.h
    std::string owner{};  // lease.h
    // How long a store that is full, locked or away is tried again. Nothing is sent meanwhile.
    Duration patience = 10min;
    Duration first_retry = 50ms, last_retry = 2s;
    Duration lease = 20s;         // renewed at a third of it
    Duration look_every = 200ms;  // for commands, while there is a run
    // Gives an open store; empty: that at `place`.
    std::function<Result<std::unique_ptr<store::Store>>()> open_store{};
  };

  // Error: the store cannot be opened, or its tables are of a newer program.
  static Result<std::unique_ptr<StoreJournal>> open(Options options, Loop& loop);
  ~StoreJournal();  // commits what was appended, if the store takes it at once

  // The journal of a run that begins here, and of the workflows within it: its first record makes
  // the run, and with it the lease. It lives until let_go() and what was appended is durable.
  [[nodiscard]] Journal& begin(RunId run) { return add(run, 0); }
  // That of a run whose lease this process took with `epoch`.
  [[nodiscard]] Journal& hold(RunId run, std::int64_t epoch) { return add(run, epoch); }
  void let_go(Journal& journal);

  // Is called on the loop for every command to a run that is held here, once each.
  void on_command(std::function<void(Command)> handler) { on_command_ = std::move(handler); }
  void answer(EndCommand answer) { push(0, std::move(answer)); }

  [[nodiscard]] bool empty() const { return journals_.empty(); }
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  class OfRun;
  using Number = std::uint64_t;  // of a run's journal; 0: of none
  struct Open {
    RunId run;
    std::int64_t epoch;
  };
  struct Close {};
  struct Entry {
    Number journal = 0;
    std::variant<Record, Open, Close> what;
  };
  // What the writer knows of a run's journal.
  struct Held {
    RunId run{};
    std::int64_t epoch = 0;  // 0: its run is not made yet
    std::uint64_t position = 0;
    bool lost = false;
  };

  StoreJournal(Options options, Loop& loop, std::unique_ptr<store::Store> store);
  Journal& add(RunId run, std::int64_t epoch);
  void push(Number journal, std::variant<Record, Open, Close> what);
  [[nodiscard]] std::string trouble() const;

  void run();
  void wait_for_work();
  void take_pending();
  Result<void> commit();
  Result<void> write_all();
  Result<void> drop_committed();
  Result<void> mark_position();
  Result<void> check_leases();
  void lose(Number number, Held& held, Error error);
  void settle(std::size_t count);
  void settled();
  void refused(const Error& error);
  void look_for_commands();
  void post(std::move_only_function<void()> work);

  const Options options_;
  Loop& loop_;
  ledger::Signal signal_;
  std::function<void(Command)> on_command_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // of the loop's thread
  std::unordered_map<Number, std::unique_ptr<OfRun>> journals_;
  Number last_number_ = 0;
  std::atomic<std::uint64_t> commits_{0};

  // Taken for a moment by whoever appends and once a commit by the writer.
  mutable std::mutex mutex_;
  std::vector<Entry> pending_;
  std::string trouble_;
  bool stop_ = false;

  // The writer thread's.
  std::unique_ptr<store::Store> store_;
  std::vector<Entry> batch_;
  std::unordered_map<Number, Held> held_;
  std::uint64_t taken_ = 0;  // entries that are in batches so far
  Number at_ = 0;            // whose record is being written; 0: none's
  std::vector<Lease> to_give_back_;
  bool stopping_ = false;
  bool unsure_ = false;  // whether the last commit took place
  bool exact_ = false;   // one record at a time, to see which one the store refuses
  TimePoint renewed_at_{}, looked_at_{}, failing_since_ = kNever;
  std::unordered_set<std::int64_t> seen_commands_;
  Duration backoff_{};
  std::thread thread_;
};

}  // namespace tidegate::engine
