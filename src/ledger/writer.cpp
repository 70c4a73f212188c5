#include "ledger/writer.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "ledger/ledger_schema.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr Duration kFirstRetry = 100ms;
constexpr Duration kLastRetry = 5s;
// Longer than a reader's or a checkpoint's moment; short enough to spill within 50 ms.
constexpr Duration kBusyTimeout = 15ms;

TimePoint now() { return std::chrono::steady_clock::now(); }

OpenStore sqlite_at(std::string path) {
  return [path = std::move(path)] {
    return store::open_sqlite({.path = path, .busy_timeout = kBusyTimeout});
  };
}

Options with_store(Options options) {
  if (!options.open_store) options.open_store = sqlite_at(options.path);
  return options;
}

}  // namespace

Ledger::Writer::Writer(Options options)
    : options_(with_store(std::move(options))), spill_(options_.spill_path) {
  // The thread inherits a full mask: signals are the business of the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Ledger::Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    request_.stop = true;
  }
  signal_.raise();
  thread_.join();
}

void Ledger::Writer::record(const UsageRecord& record) {
  const std::uint64_t count = recorded_.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t queued = count - settled_.load(std::memory_order_relaxed);
  if (queued > options_.queue_limit) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    settled_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (intake_.add(record) != Intake::Added::quietly) signal_.raise();
}

void Ledger::Writer::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++request_.flush;
  signal_.raise();
  answered_.wait(lock, [&] { return answer_.flush >= mine; });
}

Stats Ledger::Writer::stats() const {
  Stats stats;
  // In this order what is queued is never reported twice.
  stats.committed = committed_.load();
  stats.spilled = spilled_.load();
  stats.lost = lost_.load();
  stats.torn = torn_.load();
  const std::uint64_t settled = settled_.load();
  stats.recorded = recorded_.load();
  stats.queued = stats.recorded - settled;
  stats.store_available = store_available_.load();
  const std::lock_guard lock(mutex_);
  stats.last_error = last_error_;
  return stats;
}

void Ledger::Writer::run() {
  pthread_setname_np(pthread_self(), "ledger");
  // A request that comes while a group is committed shall not wait for the processor. On Linux this
  // is the thread's own niceness.
  ::setpriority(PRIO_PROCESS, 0, 10);
  open_store();  // here, because a disk may take its time and a gateway should not wait for it
  while (true) {
    const Request request = wait_for_work();
    take_records();
    deliver(request.newer_than(answer_));
    if (request.stop) settle_waiting(lost_);
    const std::lock_guard lock(mutex_);
    answer_ = request;
    answered_.notify_all();
    if (request.stop) return;
  }
}

Ledger::Writer::Request Ledger::Writer::requested() const {
  const std::lock_guard lock(mutex_);
  return request_;
}

Ledger::Writer::Request Ledger::Writer::wait_for_work() {
  // With everything in the store there is nothing to wake up for: no timer ticks in an idle
  // gateway.
  const bool unfinished = !waiting_.empty() || store_ == nullptr || spill_.pending();
  Request request = requested();
  if (!request.newer_than(answer_) && intake_.fall_asleep()) {
    signal_.wait(unfinished ? retry_at_ : kNever);
    intake_.wake_up();
    taken_at_ = now();
    request = requested();
  }
  if (request.newer_than(answer_)) return request;
  // From the last look at the intake on: the commit since then is part of what a record waits.
  signal_.wait(taken_at_ + options_.commit_every);
  return requested();
}

void Ledger::Writer::take_records() {
  taken_at_ = now();
  intake_.take([&](SegmentBuilder& builder) { waiting_.push_back(builder.finish(next_id())); });
}

void Ledger::Writer::deliver(bool urgent) {
  if (store_ == nullptr && (urgent || now() >= retry_at_)) open_store();
  if (store_ != nullptr) commit_waiting();
  if (!waiting_.empty()) spill_waiting();
  if (store_ != nullptr) load_back();
}

void Ledger::Writer::open_store() {
  auto opened = options_.open_store();
  if (!opened) return store_failed(opened.error());
  store_ = std::move(*opened);
  if (auto migrated = migrate_schema(*store_); !migrated) return store_failed(migrated.error());
  store_available_ = true;
}

Result<void> Ledger::Writer::write(std::span<const Segment> segments) {
  if (segments.empty()) return {};
  auto done = store_->begin();
  for (const Segment& segment : segments) {
    if (done) done = insert_segment(*store_, segment);
  }
  return done ? store_->commit() : done;
}

void Ledger::Writer::commit_waiting() {
  if (auto written = write(waiting_); !written) return store_failed(written.error());
  settle_waiting(committed_);
  backoff_ = {};
}

void Ledger::Writer::load_back() {
  if (!spill_.pending()) return;
  Result<void> written;
  auto drained = spill_.drain([&](std::span<const Segment> segments) {
    written = write(segments);
    if (!written) return written;
    for (const Segment& segment : segments) {
      committed_ += static_cast<std::uint64_t>(segment.count);
    }
    return written;
  });
  torn_ = spill_.torn();
  if (!written) return store_failed(written.error());
  if (!drained) note(drained.error());
  // The next step follows soon, but behind the records that came in the meantime.
  retry_at_ = drained ? now() : now() + kLastRetry;
}

void Ledger::Writer::spill_waiting() {
  if (auto spilled = spill_.append(waiting_); !spilled) return note(spilled.error());
  settle_waiting(spilled_);
}

void Ledger::Writer::store_failed(const Error& error) {
  note(error);
  store_available_ = false;
  if (store_ != nullptr) store_->rollback();
  // A new connection at the next try: it recovers from a replaced file, and from a commit of
  // which nobody knows whether it took place. Segment ids keep what is written twice single.
  store_.reset();
  backoff_ = std::clamp(backoff_ * 2, kFirstRetry, kLastRetry);
  retry_at_ = now() + backoff_;
}

void Ledger::Writer::note(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error.message;
}

void Ledger::Writer::settle_waiting(std::atomic<std::uint64_t>& where) {
  std::uint64_t count = 0;
  for (const Segment& segment : waiting_) count += static_cast<std::uint64_t>(segment.count);
  waiting_.clear();
  where += count;
  settled_ += count;
}

// Microseconds since 1970, so that ids ascend with time over restarts, then 11 random bits against
// another process at the same store.
std::int64_t Ledger::Writer::next_id() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  const auto random = static_cast<std::int64_t>(random_below(1u << 11));
  return last_id_ = std::max(last_id_ + 1, micros << 11 | random);
}

}  // namespace tidegate::ledger
