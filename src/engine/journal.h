// Journal: where the facts of a run, and of workflows within it, become durable, in the order in
// which they were appended. So nobody waits for a result to be durable: what is appended behind it
// is durable only when it is. Used by the runner on its loop's thread. store_journal.h keeps it in
// a store, memory_journal.h does not.
#pragma once

#include <coroutine>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "engine/records.h"

namespace tidegate::engine {

class Journal {
 public:
  virtual ~Journal() = default;

  virtual void append(Record record) = 0;
  // Both or neither are durable after a crash.
  virtual void append_both(Record first, Record second) = 0;

  // `co_await journal.durable()`: until everything appended so far is durable. Error: the store
  // took it neither now nor within the journal's patience, or another process owns the run now;
  // from then on every wait gives that error.
  class [[nodiscard]] Durable;
  Durable durable();

  // What keeps the store from taking anything just now; empty: nothing does.
  [[nodiscard]] virtual std::string trouble() const { return {}; }

 protected:
  struct Waiter {
    std::coroutine_handle<> coroutine;
    std::uint64_t position = 0;
    Waiter* next = nullptr;
  };
  [[nodiscard]] std::uint64_t appended() const { return appended_; }
  void count_append() { ++appended_; }
  // From the loop's thread: everything up to `position` is durable. May destroy whoever waited.
  void committed_up_to(std::uint64_t position);
  void fail_for_good(Error error);

 private:
  std::uint64_t appended_ = 0;
  std::uint64_t committed_ = 0;
  bool failed_ = false;
  Error failure_;
  Waiter* first_ = nullptr;  // in the order of their positions
  Waiter* last_ = nullptr;
};

class [[nodiscard]] Journal::Durable {
 public:
  explicit Durable(Journal& journal) : journal_(journal) { waiter_.position = journal.appended_; }
  [[nodiscard]] bool await_ready() const {
    return journal_.failed_ || journal_.committed_ >= waiter_.position;
  }
  void await_suspend(std::coroutine_handle<> coroutine);
  [[nodiscard]] Result<void> await_resume() const;

 private:
  Journal& journal_;
  Waiter waiter_;
};

inline Journal::Durable Journal::durable() { return Durable(*this); }

}  // namespace tidegate::engine
