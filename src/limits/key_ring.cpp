#include "limits/key_ring.h"

#include <utility>

namespace tidegate::limits {

Result<std::unique_ptr<KeyRing>> KeyRing::open(KeyStoreOptions options) {
  std::unique_ptr<KeyRing> ring(new KeyRing(std::move(options)));
  if (auto looked = ring->look(); !looked) return std::unexpected(looked.error());
  ring->thread_ = std::thread([self = ring.get()] { self->run(); });
  return ring;
}

KeyRing::~KeyRing() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const KeyTable> KeyRing::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

KeyRingState KeyRing::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void KeyRing::submit(Work work, std::move_only_function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
  }
  changed_.notify_all();
}

// Puts in force what others changed.
Result<void> KeyRing::look() {
  if (store_ == nullptr) {
    auto opened = KeyStore::open_existing(options_);
    if (!opened) return std::unexpected(opened.error());
    store_ = std::move(*opened);
    return store_ == nullptr ? Result<void>() : load();
  }
  auto changed = store_->changed();
  if (!changed) {
    store_.reset();  // what is at the path now is looked at in the next turn
    return std::unexpected(changed.error());
  }
  if (!*changed) return {};
  auto loaded = load();
  if (!loaded) store_.reset();
  return loaded;
}

Result<void> KeyRing::load() {
  KeyTableBuilder builder;
  bool empty = true;
  auto read = store_->each([&](const Key& key) {
    builder.add(key);
    empty = false;
  });
  if (!read) return read;
  auto table = std::make_shared<const KeyTable>();
  if (!empty) {
    auto hash = store_->keyed_hash();
    if (!hash) return std::unexpected(hash.error());
    table = builder.finish(std::move(*hash));
    any_.store(true, std::memory_order_release);
  }
  const std::lock_guard lock(mutex_);
  table_.swap(table);
  version_.fetch_add(1, std::memory_order_release);
  return {};
}

Result<KeyStore*> KeyRing::store_to_write() {
  if (store_ == nullptr) {
    auto opened = KeyStore::open(options_);
    if (!opened) return std::unexpected(opened.error());
    store_ = std::move(*opened);
  }
  return store_.get();
}

void KeyRing::work_off(std::vector<Job> jobs) {
  for (Job& job : jobs) job.work(store_to_write());
  if (store_ != nullptr) {
    const Result<void> loaded = load();
    note(loaded);
    // A new connection reads again: to this one, what it wrote itself is no news.
    if (!loaded) store_.reset();
  }
  for (Job& job : jobs) job.done();
}

void KeyRing::note(const Result<void>& result) {
  const std::lock_guard lock(mutex_);
  state_ = {result.has_value(), result ? std::string() : result.error().message};
}

void KeyRing::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    changed_.wait_for(lock, kWatchEvery, [this] { return stop_ || !jobs_.empty(); });
    std::vector<Job> jobs = std::exchange(jobs_, {});
    lock.unlock();
    if (jobs.empty()) {
      note(look());
    } else {
      work_off(std::move(jobs));
    }
    lock.lock();
  }
}

}  // namespace tidegate::limits
