// KeyRing: the virtual keys of a running gateway. A thread of its own watches the store, since
// other processes write to it, and swaps in a new table when something has changed; what the admin
// API changes is in force when its work is done. One per process; any thread.
//
// While the store cannot be read the last table stays in force. Once there was a key, keys are
// asked for as long as the process lives, even if the store is emptied.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "limits/key_store.h"
#include "limits/key_table.h"

namespace tidegate::limits {

struct KeyRingState {
  bool store_available = true;
  std::string last_error;  // the store's, while it is not available
};

class KeyRing {
 public:
  static constexpr Duration kWatchEvery = 250ms;

  // Reads the store; errors as KeyStore::open_existing(). A missing file is made with the first
  // key.
  static Result<std::unique_ptr<KeyRing>> open(KeyStoreOptions options);
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // Differs from an earlier one when table() does.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] std::shared_ptr<const KeyTable> table() const;
  // Whether there is, or ever was, a key.
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_acquire); }
  [[nodiscard]] KeyRingState state() const;

  // Runs `work` on the ring's thread, puts in force what it changed, then calls `done`. `work` is
  // given the store, or the reason why there is none.
  using Work = std::move_only_function<void(Result<KeyStore*>)>;
  void submit(Work work, std::move_only_function<void()> done);

 private:
  struct Job {
    Work work;
    std::move_only_function<void()> done;
  };
  explicit KeyRing(KeyStoreOptions options) : options_(std::move(options)) {}
  Result<void> look();
  Result<void> load();
  Result<KeyStore*> store_to_write();
  void run();
  void work_off(std::vector<Job> jobs);
  void note(const Result<void>& result);

  const KeyStoreOptions options_;
  std::unique_ptr<KeyStore> store_;  // the thread's once it runs; null: there is no file

  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> any_{false};
  // Guards what follows; taken by a worker only after a change of version.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const KeyTable> table_ = std::make_shared<const KeyTable>();
  KeyRingState state_;
  std::vector<Job> jobs_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tidegate::limits
