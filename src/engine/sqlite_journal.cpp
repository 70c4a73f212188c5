#include "engine/sqlite_journal.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/journal_schema.h"
#include "store/sqlite.h"

namespace tidegate::engine {
namespace {

using store::Value;

TimePoint now() { return std::chrono::steady_clock::now(); }

std::int64_t micros_from_now(Duration length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             (std::chrono::system_clock::now() + length).time_since_epoch())
      .count();
}

// Many outputs are some KiB long: what is left over of the last page of each counts.
constexpr int kPageSize = 1024;
constexpr int kCacheKib = 8 * 1024;
constexpr Duration kWriterPatience = 20ms;  // a reader's or a checkpoint's moment

}  // namespace

Result<std::unique_ptr<store::Store>> open_journal_store(const std::string& path,
                                                         Duration patience) {
  auto store = store::open_sqlite({.path = path,
                                   .busy_timeout = kLockPatience,
                                   .cache_kib = kCacheKib,
                                   .page_size = kPageSize});
  if (!store) return store;
  if (auto migrated = migrate_journal(**store); !migrated) {
    return std::unexpected(std::move(migrated.error()));
  }
  // What processes of before left to be sure of their last commit.
  const std::array<Value, 1> yesterday{micros_from_now(-24h)};
  if (auto swept = (*store)->run("DELETE FROM writer WHERE at_us < ?", yesterday); !swept) {
    return std::unexpected(std::move(swept.error()));
  }
  // Pages are a quarter of the usual size, so four times as many lie between two checkpoints.
  if (auto set = (*store)->execute("PRAGMA wal_autocheckpoint = 4000"); !set) {
    return std::unexpected(std::move(set.error()));
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (auto set = (*store)->execute(fmt::format("PRAGMA busy_timeout = {}", ms)); !set) {
    return std::unexpected(std::move(set.error()));
  }
  return store;
}

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(Options options, Loop& loop) {
  if (!options.open_store) {
    options.open_store = [path = options.path] {
      return open_journal_store(path, kWriterPatience);
    };
  }
  auto store = options.open_store();
  if (!store) return std::unexpected(std::move(store.error()));
  return std::unique_ptr<SqliteJournal>(
      new SqliteJournal(std::move(options), loop, std::move(*store)));
}

SqliteJournal::SqliteJournal(Options options, Loop& loop, std::unique_ptr<store::Store> store)
    : options_(std::move(options)), loop_(loop), store_(std::move(store)) {
  // The thread inherits a full mask: signals are the business of the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SqliteJournal::~SqliteJournal() {
  *alive_ = false;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  signal_.raise();
  thread_.join();
}

void SqliteJournal::append(Record record) {
  count_append();
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(record));
  }
  signal_.raise();
}

// A group is always all that is pending.
void SqliteJournal::append_both(Record first, Record second) {
  count_append();
  count_append();
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(first));
    pending_.push_back(std::move(second));
  }
  signal_.raise();
}

std::string SqliteJournal::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void SqliteJournal::hold(RunId run, std::int64_t epoch) {
  {
    const std::lock_guard lock(mutex_);
    held_[run.value] = {epoch};
  }
  signal_.raise();
}

void SqliteJournal::let_go(RunId run) {
  const std::lock_guard lock(mutex_);
  held_.erase(run.value);
}

void SqliteJournal::run() {
  pthread_setname_np(pthread_self(), "journal");
  while (true) {
    wait_for_work();
    take_pending();
    if (!given_up_ && (!batch_.empty() || now() >= renewed_at_ + options_.lease / 3)) {
      if (auto done = commit()) {
        settled();
      } else {
        refused(done.error());
      }
    }
    if (stopping_) return;
    if (!given_up_ && backoff_ == Duration{}) look_for_commands();
  }
}

void SqliteJournal::wait_for_work() {
  TimePoint until = kNever;
  bool urgent = false;
  {
    const std::lock_guard lock(mutex_);
    if (!held_.empty()) until = now() + options_.look_every;
    urgent = stop_ || (backoff_ == Duration{} && !pending_.empty());
  }
  if (urgent) return;
  if (backoff_ != Duration{}) {
    // More work does not make a store that fails work again; only an end is not waited for.
    const TimePoint again = now() + backoff_;
    while (now() < again) {
      signal_.wait(again);
      const std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    return;
  }
  signal_.wait(until);
}

void SqliteJournal::take_pending() {
  const std::lock_guard lock(mutex_);
  stopping_ = stop_;
  if (batch_.empty()) {
    std::swap(batch_, pending_);
  } else {
    std::ranges::move(pending_, std::back_inserter(batch_));
    pending_.clear();
  }
  known_ = held_;
}

Result<void> SqliteJournal::commit() {
  if (store_ == nullptr) {
    auto opened = options_.open_store();
    if (!opened) return std::unexpected(std::move(opened.error()));
    store_ = std::move(*opened);
  }
  RecordWriter writer(*store_);
  auto done = store_->begin();
  if (done && unsure_) done = drop_committed();
  if (done) done = check_leases(batch_);
  for (const Record& record : batch_) {
    if (!done) break;
    done = writer.write(record);
  }
  if (done) done = mark_position();
  pass(FaultPoint::before_commit);
  if (done) {
    done = store_->commit();
    unsure_ = !done;
  }
  if (!done) {
    store_->rollback();
    return done;
  }
  pass(FaultPoint::after_commit);
  return {};
}

// After a commit that failed nobody knows whether it took place. Each group leaves the number of
// its last record behind, so that the same group is not written twice.
Result<void> SqliteJournal::mark_position() {
  if (batch_.empty()) return {};
  const std::array<Value, 3> values{std::string_view(options_.owner),
                                    static_cast<std::int64_t>(taken_ + batch_.size()),
                                    micros_from_now({})};
  auto marked = store_->run("INSERT OR REPLACE INTO writer VALUES (?, ?, ?)", values);
  if (!marked) return std::unexpected(std::move(marked.error()));
  return {};
}

Result<void> SqliteJournal::drop_committed() {
  std::uint64_t position = 0;
  const std::array<Value, 1> owner{std::string_view(options_.owner)};
  auto found = store_->query(
      "SELECT position FROM writer WHERE owner = ?", owner,
      [&](const store::Row& row) { position = static_cast<std::uint64_t>(row.integer(0)); });
  if (!found || position <= taken_) return found;
  batch_.erase(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(position - taken_));
  taken_ = position;
  return {};
}

// A run that begins in this group gets its lease with it. Every other lease must still be ours, and
// is renewed when a third of its time is over.
Result<void> SqliteJournal::check_leases(const std::vector<Record>& records) {
  std::vector<std::int64_t> created;
  for (const Record& record : records) {
    const auto* create = std::get_if<CreateRun>(&record);
    if (create == nullptr) continue;
    created.push_back(create->run.value);
    const std::array<Value, 3> values{create->run.value, std::string_view(options_.owner),
                                      micros_from_now(options_.lease)};
    auto taken = store_->run("INSERT INTO lease VALUES (?, ?, 1, ?)", values);
    if (!taken) return std::unexpected(std::move(taken.error()));
  }
  const bool renew = now() >= renewed_at_ + options_.lease / 3;
  for (const auto& [run, held] : known_) {
    if (std::ranges::find(created, run) != created.end()) continue;
    bool ours = false;
    if (renew) {
      const std::array<Value, 4> values{micros_from_now(options_.lease), run,
                                        std::string_view(options_.owner), held.epoch};
      auto renewed = store_->run(
          "UPDATE lease SET expires_us = ? WHERE run = ? AND owner = ? AND epoch = ?", values);
      if (!renewed) return std::unexpected(std::move(renewed.error()));
      ours = *renewed == 1;
    } else {
      const std::array<Value, 3> values{run, std::string_view(options_.owner), held.epoch};
      auto found = store_->query("SELECT 1 FROM lease WHERE run = ? AND owner = ? AND epoch = ?",
                                 values, [&](const store::Row&) { ours = true; });
      if (!found) return found;
    }
    if (!ours) {
      return fail(ErrorCode::canceled, "another process has taken over run " + RunId{run}.text() +
                                           ": this one was not heard of for longer than its lease");
    }
  }
  return {};
}

void SqliteJournal::settled() {
  ++commits_;
  taken_ += batch_.size();
  batch_.clear();
  backoff_ = {};
  failing_since_ = kNever;
  if (now() >= renewed_at_ + options_.lease / 3) renewed_at_ = now();
  {
    const std::lock_guard lock(mutex_);
    trouble_.clear();
  }
  post([this, position = taken_] { committed_up_to(position); });
}

// A store that is locked, full or away may take the same group later. One that does not fit what is
// there, or a lease that is lost, will not become right.
void SqliteJournal::refused(const Error& error) {
  if (failing_since_ == kNever) failing_since_ = now();
  {
    const std::lock_guard lock(mutex_);
    trouble_ = error.message;
  }
  const bool passing = error.code == ErrorCode::unavailable || error.code == ErrorCode::io;
  if (passing && now() - failing_since_ < options_.patience) {
    backoff_ = std::clamp(backoff_ * 2, options_.first_retry, options_.last_retry);
    // A new connection recovers from a file that was replaced, and from a commit of which nobody
    // knows whether it took place.
    if (error.code == ErrorCode::io) store_.reset();
    return;
  }
  given_up_ = true;
  post([this, error] { fail_for_good(error); });
}

void SqliteJournal::look_for_commands() {
  if (known_.empty() || now() < looked_at_ + options_.look_every) return;
  looked_at_ = now();
  std::vector<Command> found;
  // A locked store is looked at again the next time.
  auto looked = store_->query(
      "SELECT id, run, verb, task, argument FROM command WHERE answer IS NULL ORDER BY id", {},
      [&](const store::Row& row) {
        if (!known_.contains(row.integer(1))) return;
        if (!seen_commands_.insert(row.integer(0)).second) return;
        found.push_back({row.integer(0), RunId{row.integer(1)}, std::string(row.text(2)),
                         std::string(row.text(3)), std::string(row.text(4))});
      });
  if (!looked || found.empty()) return;
  post([this, found = std::move(found)] {
    if (!on_command_) return;
    for (const Command& command : found) on_command_(command);
  });
}

void SqliteJournal::post(std::move_only_function<void()> work) {
  loop_.post([alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
    const auto still = alive.lock();
    if (still != nullptr && *still) work();
  });
}

}  // namespace tidegate::engine
