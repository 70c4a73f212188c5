#include "ledger/writer.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/background_thread.h"
#include "base/random.h"
#include "ledger/ledger_address.h"

namespace tidegate::ledger {
namespace {

// Bytes in the journal that do not wait for load_every, and in memory beside it.
constexpr std::uint64_t kLoadEarly = 1u << 20;
constexpr std::size_t kMostRecent = 4u << 20;
// Memory that is given back to the system comes again page by page, each one cleared: a tenth of a
// request at full load.
constexpr std::size_t kRooms = 32;
constexpr std::size_t kMostRoom = 256u << 10;  // bytes each
constexpr Duration kDeleteEvery = 10min;
constexpr Duration kFirstRetry = 100ms;
constexpr Duration kLastRetry = 5s;

TimePoint now() { return std::chrono::steady_clock::now(); }

Options with_store(Options options) {
  if (!options.open_store) options.open_store = open_to_write(options.path);
  return options;
}

}  // namespace

Ledger::Writer::Writer(Options options)
    : options_(with_store(std::move(options))), journal_(options_.journal_path) {
  thread_ = start_without_signals([this] { run(); });
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
  // Below zero when this thread was interrupted here and what came after it is settled already.
  const auto queued = static_cast<std::int64_t>(count - settled_.load(std::memory_order_relaxed));
  if (queued > static_cast<std::int64_t>(options_.queue_limit)) {
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
  stats.lost = lost_.load();
  stats.torn = torn_.load();
  stats.journal_bytes = journal_bytes_.load();
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
  // With less than its share, at full load, records stayed in memory for seconds and ever more of
  // it.
  run_in_background();
  have_store(true);  // here, because a disk may take its time and a gateway should not wait for it
  while (true) {
    const Request request = wait_for_work();
    const bool urgent = request.newer_than(answer_);
    take_records();
    const bool idle = waiting_.empty();
    make_durable(urgent);
    if ((urgent || idle || must_load()) && have_store(urgent)) load_journal();
    if (store_ != nullptr) tidy_up();
    journal_bytes_ = journal_.pending();
    if (request.stop) lost_ += recorded_ - settled_;
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
  const bool loads = store_ != nullptr && (journal_.pending() != 0 || tidies_up());
  Request request = requested();
  if (!request.newer_than(answer_) && !loads && intake_.fall_asleep()) {
    // With everything in the store there is nothing to wake up for: no timer ticks in an idle
    // gateway.
    const bool unfinished = !waiting_.empty() || store_ == nullptr || journal_.pending() != 0;
    const TimePoint next = options_.keep > Duration::zero() ? delete_at_ : kNever;
    signal_.wait(unfinished ? retry_at_ : next);
    intake_.wake_up();
    taken_at_ = now();
    request = requested();
  }
  if (request.newer_than(answer_) || (rolls_up_ && store_ != nullptr)) return request;
  // From the last look at the intake on: the work since then is part of what a record waits.
  signal_.wait(taken_at_ + options_.commit_every);
  return requested();
}

void Ledger::Writer::take_records() {
  taken_at_ = now();
  intake_.take([&](SegmentBuilder& builder) {
    std::string room;
    if (!rooms_.empty()) {
      room = std::move(rooms_.back());
      rooms_.pop_back();
    }
    waiting_.push_back(builder.finish(next_id(), std::move(room)));
  });
}

void Ledger::Writer::make_durable(bool urgent) {
  if (waiting_.empty() || append_waiting() || !have_store(urgent)) return;
  writes_waiting_ = true;
  const auto written = write(waiting_);
  writes_waiting_ = false;
  if (!written) return store_failed(written.error());
  for (const Segment& segment : waiting_) settled_ += static_cast<std::uint64_t>(segment.count);
  waiting_.clear();
}

// While a store lets us wait, records go on to the journal; nothing else is touched.
void Ledger::Writer::keep_durable() {
  if (writes_waiting_ || now() < taken_at_ + options_.commit_every) return;
  take_records();
  if (!waiting_.empty()) append_waiting();
}

// False: they are still waiting.
bool Ledger::Writer::append_waiting() {
  const auto place = journal_.append(waiting_);
  if (!place) {
    note(place.error());
    forget_recent();
    return false;
  }
  if (place->alone) {
    load_at_ = now() + options_.load_every;
    recent_place_ = *place;
    recent_is_all_ = true;
  } else if (place->file != recent_place_.file || place->begin != recent_place_.end) {
    forget_recent();
  }
  recent_place_.end = place->end;
  for (const Segment& segment : waiting_) {
    settled_ += static_cast<std::uint64_t>(segment.count);
    recent_bytes_ += segment.records.capacity();
  }
  if (recent_bytes_ > kMostRecent) forget_recent();
  if (recent_is_all_) std::ranges::move(waiting_, std::back_inserter(recent_));
  waiting_.clear();
  return true;
}

bool Ledger::Writer::must_load() const { return now() >= load_at_ || journal_bytes_ >= kLoadEarly; }

bool Ledger::Writer::have_store(bool urgent) {
  if (store_ != nullptr) return true;
  if (!urgent && now() < retry_at_) return false;
  auto opened = options_.open_store([this] { keep_durable(); });
  if (!opened) {
    store_failed(opened.error());
    return false;
  }
  auto ours = LedgerStore::open(std::move(*opened));
  if (!ours) {
    store_failed(ours.error());
    return false;
  }
  store_ = std::move(*ours);
  rolls_up_ = true;  // until it has been looked
  store_available_ = true;
  return true;
}

Result<void> Ledger::Writer::write(std::span<const Segment> segments) {
  const auto inserted = store_->insert(segments);
  if (!inserted) return std::unexpected(inserted.error());
  committed_ += inserted->records;
  damaged_ += inserted->damaged;
  return {};
}

// One step; what is left follows at the next turn, behind the records that came in the meantime.
void Ledger::Writer::load_journal() {
  if (journal_.pending() == 0) return;
  if (recent_is_all_) return load_recent();
  Result<void> written;
  auto drained = journal_.drain([&](std::span<const Segment> segments) -> Result<void> {
    written = write(segments);
    return written;
  });
  torn_ = journal_.torn() + damaged_;
  if (!written) return store_failed(written.error());
  backoff_ = {};
  if (!drained) note(drained.error());
}

void Ledger::Writer::load_recent() {
  // What is appended while the store lets us wait is in the journal only.
  std::vector<Segment> segments = std::exchange(recent_, {});
  const Journal::Place place = recent_place_;
  forget_recent();
  if (const auto written = write(segments); !written) return store_failed(written.error());
  torn_ = journal_.torn() + damaged_;
  backoff_ = {};
  if (auto passed = journal_.pass_over(place); !passed) note(passed.error());
  for (Segment& segment : segments) {
    const bool keep = rooms_.size() < kRooms && segment.records.capacity() <= kMostRoom;
    if (keep) rooms_.push_back(std::move(segment.records));
  }
}

void Ledger::Writer::forget_recent() {
  recent_.clear();
  recent_bytes_ = 0;
  recent_is_all_ = false;
}

bool Ledger::Writer::tidies_up() const {
  return rolls_up_ || (options_.keep > Duration::zero() && now() >= delete_at_);
}

void Ledger::Writer::tidy_up() {
  if (rolls_up_) {
    const auto more = store_->roll_up_older();
    if (!more) return store_failed(more.error());
    rolls_up_ = *more;
    return;
  }
  if (!tidies_up()) return;
  const auto more = store_->delete_older(std::chrono::system_clock::now() - options_.keep);
  if (!more) return store_failed(more.error());
  if (!*more) delete_at_ = now() + kDeleteEvery;
}

void Ledger::Writer::store_failed(const Error& error) {
  note(error);
  store_available_ = false;
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
