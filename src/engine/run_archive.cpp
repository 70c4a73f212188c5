#include "engine/run_archive.h"

#include <signal.h>

namespace tidegate::engine {

RunArchive::RunArchive(OpenStore open_store) : open_store_(std::move(open_store)) {}

RunArchive::~RunArchive() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void RunArchive::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) start();
  }
  changed_.notify_one();
}

void RunArchive::start() {
  // The thread inherits a full mask: signals are the business of the thread that waits for them.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Result<void> RunArchive::open() {
  if (store_ != nullptr) return {};
  auto store = open_store_();
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  reader_.emplace(store_);
  return {};
}

// A connection that was lost stays so: the next question gets a new one.
void RunArchive::look_after(const Error& error) {
  if (error.code != ErrorCode::unavailable && error.code != ErrorCode::io) return;
  reader_.reset();
  store_.reset();
}

void RunArchive::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const Result<void> opened = open();
    if (opened) {
      job(Access{*reader_, *store_});
    } else {
      job(std::unexpected(opened.error()));
    }
  }
}

}  // namespace tidegate::engine
