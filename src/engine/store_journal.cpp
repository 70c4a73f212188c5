#include "engine/store_journal.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/background_thread.h"
#include "engine/journal_place.h"
#include "engine/lease.h"
#include "engine/record_writer.h"
#include "store/pipelined.h"

namespace tidegate::engine {
namespace {

using store::Value;

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

class StoreJournal::OfRun final : public Journal {
 public:
  OfRun(StoreJournal& all, Number number) : all_(all), number_(number) {}

  void append(Record record) override {
    count_append();
    all_.push(number_, std::move(record));
  }
  // A group is always all that is pending.
  void append_both(Record first, Record second) override {
    count_append();
    count_append();
    {
      const std::lock_guard lock(all_.mutex_);
      all_.pending_.push_back({number_, std::move(first)});
      all_.pending_.push_back({number_, std::move(second)});
    }
    all_.signal_.raise();
  }
  [[nodiscard]] std::string trouble() const override { return all_.trouble(); }

  using Journal::committed_up_to;
  using Journal::fail_for_good;
  [[nodiscard]] Number number() const { return number_; }

 private:
  StoreJournal& all_;
  const Number number_;
};

Result<std::unique_ptr<StoreJournal>> StoreJournal::open(Options options, Loop& loop) {
  if (!options.open_store) {
    options.open_store = [place = options.place] { return open_journal_to_write(place); };
  }
  auto store = options.open_store();
  // One that is away is opened again when there is something to write.
  const bool away = !store && store.error().code == ErrorCode::unavailable;
  if (!store && !away) return std::unexpected(std::move(store.error()));
  return std::unique_ptr<StoreJournal>(
      new StoreJournal(std::move(options), loop, away ? nullptr : std::move(*store)));
}

StoreJournal::StoreJournal(Options options, Loop& loop, std::unique_ptr<store::Store> store)
    : options_(std::move(options)), loop_(loop), store_(std::move(store)) {
  thread_ = start_without_signals([this] { run(); });
}

StoreJournal::~StoreJournal() {
  *alive_ = false;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  signal_.raise();
  thread_.join();
}

Journal& StoreJournal::add(RunId run, std::int64_t epoch) {
  const Number number = ++last_number_;
  push(number, Open{run, epoch});
  return *journals_.emplace(number, std::make_unique<OfRun>(*this, number)).first->second;
}

void StoreJournal::let_go(Journal& journal) {
  push(static_cast<OfRun&>(journal).number(), Close{});
}

void StoreJournal::push(Number journal, std::variant<Record, Open, Close> what) {
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back({journal, std::move(what)});
  }
  signal_.raise();
}

std::string StoreJournal::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void StoreJournal::run() {
  pthread_setname_np(pthread_self(), "journal");
  while (true) {
    wait_for_work();
    take_pending();
    const bool renew = !held_.empty() && now() >= renewed_at_ + options_.lease / 3;
    if (!batch_.empty() || renew) {
      if (auto done = commit()) {
        settled();
      } else {
        refused(done.error());
      }
    }
    if (stopping_) return;
    if (backoff_ == Duration{} && batch_.empty()) look_for_commands();
  }
}

void StoreJournal::wait_for_work() {
  const TimePoint until = held_.empty() ? kNever : now() + options_.look_every;
  {
    const std::lock_guard lock(mutex_);
    if (stop_ || (backoff_ == Duration{} && (!pending_.empty() || !batch_.empty()))) return;
  }
  if (backoff_ == Duration{}) {
    signal_.wait(until);
    return;
  }
  // More work does not make a store that fails work again; only an end is not waited for.
  const TimePoint again = now() + backoff_;
  while (now() < again) {
    signal_.wait(again);
    const std::lock_guard lock(mutex_);
    if (stop_) return;
  }
}

void StoreJournal::take_pending() {
  const std::size_t before = batch_.size();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = stop_;
    if (batch_.empty()) {
      std::swap(batch_, pending_);
    } else {
      std::ranges::move(pending_, std::back_inserter(batch_));
      pending_.clear();
    }
  }
  for (std::size_t i = before; i < batch_.size(); ++i) {
    if (const auto* open = std::get_if<Open>(&batch_[i].what)) {
      held_[batch_[i].journal] = {.run = open->run, .epoch = open->epoch};
    }
  }
}

Result<void> StoreJournal::commit() {
  at_ = 0;
  if (store_ == nullptr) {
    auto opened = options_.open_store();
    if (!opened) return std::unexpected(std::move(opened.error()));
    store_ = std::move(*opened);
  }
  auto done = store_->begin();
  if (done && unsure_) done = drop_committed();
  if (done) done = check_leases();
  if (done) done = write_all();
  if (done) done = mark_position();
  if (done) done = store::flush(*store_);
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

// What a run that is lost had appended is passed over.
Result<void> StoreJournal::write_all() {
  RecordWriter writer(*store_);
  for (const Entry& entry : batch_) {
    const auto* record = std::get_if<Record>(&entry.what);
    if (record == nullptr) continue;
    const auto held = held_.find(entry.journal);
    if (held != held_.end() && held->second.lost) continue;
    at_ = entry.journal;
    const auto* create = std::get_if<CreateRun>(record);
    if (create != nullptr && held != held_.end() && create->run == held->second.run) {
      auto leased = begin_lease(*store_, create->run, options_.owner, options_.lease);
      if (!leased) return leased;
    }
    auto written = writer.write(*record);
    if (written && exact_) written = store::flush(*store_);
    if (!written) return written;
  }
  at_ = 0;
  return {};
}

// After a commit that failed nobody knows whether it took place. Each group leaves the number of
// its last entry behind, so that the same group is not written twice.
Result<void> StoreJournal::mark_position() {
  if (batch_.empty()) return {};
  const std::array<Value, 3> values{
      std::string_view(options_.owner), static_cast<std::int64_t>(taken_ + batch_.size()),
      std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count()}};
  return store::queue(
      *store_,
      "INSERT INTO writer (owner, position, at_us) VALUES ($1, $2, $3) ON CONFLICT (owner) "
      "DO UPDATE SET position = excluded.position, at_us = excluded.at_us",
      values);
}

// A server may still be at that commit: changing the row waits for it.
Result<void> StoreJournal::drop_committed() {
  std::uint64_t position = 0;
  const std::array<Value, 1> owner{std::string_view(options_.owner)};
  auto found = store_->query(
      "INSERT INTO writer (owner, position, at_us) VALUES ($1, 0, 0) ON CONFLICT (owner) "
      "DO UPDATE SET position = writer.position RETURNING position",
      owner, [&](const store::Row& row) { position = static_cast<std::uint64_t>(row.integer(0)); });
  if (!found || position <= taken_) return found;
  settle(position - taken_);
  return {};
}

// Every lease must still be ours, and is renewed when a third of its time is over. A run without is
// lost: its new owner has read what was written before.
Result<void> StoreJournal::check_leases() {
  for (const Lease& lease : to_give_back_) {
    if (auto done = release_lease(*store_, lease, options_.owner); !done) return done;
  }
  if (held_.empty()) return {};
  const auto ours = leases_of(*store_, options_.owner);
  if (!ours) return std::unexpected(ours.error());
  const bool renew = now() >= renewed_at_ + options_.lease / 3;
  for (auto& [number, held] : held_) {
    if (held.lost || held.epoch == 0) continue;
    const auto found = ours->find(held.run);
    if (found == ours->end() || found->second != held.epoch) {
      lose(number, held,
           {ErrorCode::canceled,
            "another process has taken over run " + held.run.text() +
                ": this one was not heard of for longer than its lease",
            {}});
    } else if (renew) {
      auto renewed = renew_lease(*store_, {held.run, held.epoch}, options_.owner, options_.lease);
      if (!renewed) return renewed;
    }
  }
  return {};
}

void StoreJournal::lose(Number number, Held& held, Error error) {
  held.lost = true;
  post([this, number, error = std::move(error)]() mutable {
    const auto journal = journals_.find(number);
    if (journal != journals_.end()) journal->second->fail_for_good(std::move(error));
  });
}

// The first `count` entries of the batch are durable, or nobody's business any more.
void StoreJournal::settle(std::size_t count) {
  std::vector<std::pair<Number, std::uint64_t>> positions;
  std::vector<Number> closed;
  std::unordered_set<Number> moved;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = batch_[i];
    const auto found = held_.find(entry.journal);
    if (found == held_.end()) continue;
    Held& held = found->second;
    if (std::holds_alternative<Close>(entry.what)) {
      if (moved.erase(entry.journal) != 0) positions.emplace_back(entry.journal, held.position);
      closed.push_back(entry.journal);
      held_.erase(found);
    } else if (const auto* record = std::get_if<Record>(&entry.what); record && !held.lost) {
      ++held.position;
      moved.insert(entry.journal);
      const auto* create = std::get_if<CreateRun>(record);
      if (create != nullptr && create->run == held.run) held.epoch = 1;
    }
  }
  for (const Number number : moved) positions.emplace_back(number, held_.at(number).position);
  batch_.erase(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(count));
  taken_ += count;
  if (positions.empty() && closed.empty()) return;
  post([this, positions = std::move(positions), closed = std::move(closed)] {
    for (const auto& [number, position] : positions) {
      journals_.at(number)->committed_up_to(position);
    }
    for (const Number number : closed) journals_.erase(number);
  });
}

void StoreJournal::settled() {
  ++commits_;
  to_give_back_.clear();
  {
    const std::lock_guard lock(mutex_);
    trouble_.clear();
  }
  settle(batch_.size());
  backoff_ = {};
  exact_ = false;
  failing_since_ = kNever;
  if (now() >= renewed_at_ + options_.lease / 3) renewed_at_ = now();
}

// A store that is locked, full or away may take the same group later. A record that does not fit
// what is there will not become right: its run is lost, and the rest is written without it.
void StoreJournal::refused(const Error& error) {
  const bool passing = error.code == ErrorCode::unavailable || error.code == ErrorCode::io;
  if (!passing && !exact_) {
    exact_ = true;
    return;
  }
  if (const auto held = held_.find(at_); !passing && held != held_.end()) {
    if (held->second.epoch != 0) to_give_back_.push_back({held->second.run, held->second.epoch});
    lose(at_, held->second, error);
    return;
  }
  if (failing_since_ == kNever) failing_since_ = now();
  {
    const std::lock_guard lock(mutex_);
    trouble_ = error.message;
  }
  // A new connection recovers from a file that was replaced, from one that was lost, and from a
  // commit of which nobody knows whether it took place.
  const bool remote = store_ != nullptr && store_->dialect() == store::Dialect::postgres;
  if (error.code == ErrorCode::io || remote) store_.reset();
  if (passing && now() - failing_since_ < options_.patience) {
    backoff_ = std::clamp(backoff_ * 2, options_.first_retry, options_.last_retry);
    return;
  }
  for (auto& [number, lost] : held_) lose(number, lost, error);
  settle(batch_.size());
  backoff_ = {};
  failing_since_ = kNever;
}

void StoreJournal::look_for_commands() {
  if (held_.empty() || store_ == nullptr || now() < looked_at_ + options_.look_every) return;
  looked_at_ = now();
  std::vector<Command> found;
  // A locked store is looked at again the next time.
  auto looked = store_->query(
      "SELECT id, run, verb, task, argument FROM command WHERE answer IS NULL ORDER BY id", {},
      [&](const store::Row& row) {
        const RunId run{row.integer(1)};
        const bool here = std::ranges::any_of(
            held_, [&](const auto& held) { return held.second.run == run && !held.second.lost; });
        if (!here || !seen_commands_.insert(row.integer(0)).second) return;
        found.push_back({row.integer(0), run, std::string(row.text(2)), std::string(row.text(3)),
                         std::string(row.text(4))});
      });
  if (!looked || found.empty()) return;
  post([this, found = std::move(found)] {
    if (!on_command_) return;
    for (const Command& command : found) on_command_(command);
  });
}

void StoreJournal::post(std::move_only_function<void()> work) {
  loop_.post([alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
    const auto still = alive.lock();
    if (still != nullptr && *still) work();
  });
}

}  // namespace tidegate::engine
