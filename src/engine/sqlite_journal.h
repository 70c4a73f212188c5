// The journal in a store: one writer thread, which commits everything that has come while the
// commit before was under way, so that many tasks share one wait for the disk. Created, used and
// destroyed on the loop's thread; the writer posts to the loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/command.h"
#include "engine/fault_point.h"
#include "engine/journal.h"
#include "ledger/signal.h"
#include "loop/loop.h"
#include "store/store.h"

namespace tidegate::engine {

// Opens the database of the journal as SQLite at `path`. `patience`: how long a call waits while
// another process or thread commits; the journal's writer, who tries again by itself, waits little.
inline constexpr Duration kLockPatience = 5s;
Result<std::unique_ptr<store::Store>> open_journal_store(const std::string& path,
                                                         Duration patience = kLockPatience);

class SqliteJournal final : public Journal {
 public:
  struct Options {
    std::string path{};
    std::string owner{};  // lease.h
    // How long a store that is full, locked or away is tried again. Nothing is sent meanwhile.
    Duration patience = 10min;
    Duration first_retry = 50ms, last_retry = 2s;
    Duration lease = 30s;         // renewed at a third of it
    Duration look_every = 200ms;  // for commands, while there is a run
    // Gives an open store; empty: SQLite at `path`.
    std::function<Result<std::unique_ptr<store::Store>>()> open_store{};
  };

  // Error: the store cannot be opened, or its tables are of a newer program.
  static Result<std::unique_ptr<SqliteJournal>> open(Options options, Loop& loop);
  ~SqliteJournal() override;  // commits what was appended, if the store takes it at once

  void append(Record record) override;
  void append_both(Record first, Record second) override;
  [[nodiscard]] std::string trouble() const override;

  // From now on commits hold only while this process has the lease on `run` with `epoch`.
  void hold(RunId run, std::int64_t epoch);
  void let_go(RunId run);
  // Is called on the loop for every command to a run that is held here, once each.
  void on_command(std::function<void(Command)> handler) { on_command_ = std::move(handler); }

  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  SqliteJournal(Options options, Loop& loop, std::unique_ptr<store::Store> store);

  struct Held {
    std::int64_t epoch = 0;
    bool operator==(const Held&) const = default;
  };
  using Runs = std::unordered_map<std::int64_t, Held>;

  void run();
  void wait_for_work();
  void take_pending();
  Result<void> commit();
  Result<void> drop_committed();
  Result<void> mark_position();
  Result<void> check_leases(const std::vector<Record>& records);
  void look_for_commands();
  void settled();
  void refused(const Error& error);
  void retry_later(const Error& error);
  void post(std::move_only_function<void()> work);

  const Options options_;
  Loop& loop_;
  ledger::Signal signal_;
  std::function<void(Command)> on_command_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // of the loop's thread
  std::atomic<std::uint64_t> commits_{0};

  // Taken for a moment by append() and once a commit by the writer.
  mutable std::mutex mutex_;
  std::vector<Record> pending_;
  Runs held_;
  std::string trouble_;
  bool stop_ = false;

  // The writer thread's.
  std::unique_ptr<store::Store> store_;
  std::vector<Record> batch_;
  std::uint64_t taken_ = 0;  // records that are in batches so far
  Runs known_;               // a copy of held_
  bool stopping_ = false;
  bool given_up_ = false;
  bool unsure_ = false;  // whether the last commit took place
  TimePoint renewed_at_{}, looked_at_{}, failing_since_ = kNever;
  std::unordered_set<std::int64_t> seen_commands_;
  Duration backoff_{};
  std::thread thread_;
};

}  // namespace tidegate::engine
