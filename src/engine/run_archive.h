// RunArchive: what the journal knows and commands to runs, for who must not wait for a disk: each
// question is answered on a thread of its own, with a store of its own. Asked from any loop.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "engine/journal_reader.h"
#include "loop/loop.h"
#include "store/store.h"

namespace tidegate::engine {

class RunArchive {
 public:
  // Gives an open store of the journal; called on the archive's thread.
  using OpenStore = std::function<Result<std::unique_ptr<store::Store>>()>;
  explicit RunArchive(OpenStore open_store);
  ~RunArchive();  // every question must have been answered
  RunArchive(const RunArchive&) = delete;
  RunArchive& operator=(const RunArchive&) = delete;

  struct Access {
    JournalReader& reader;
    store::Store& store;
  };

  // `co_await archive.ask<T>(loop, step)`: what `step` gives on the archive's thread, or why the
  // journal cannot be opened.
  template <class T>
  class [[nodiscard]] Asking {
   public:
    using Step = std::move_only_function<Result<T>(Access)>;
    Asking(RunArchive& archive, Loop& loop, Step step)
        : archive_(archive), loop_(loop), step_(std::move(step)) {}
    [[nodiscard]] bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      archive_.submit([this, waiter](Result<Access> access) {
        answer_ = access ? step_(*access) : std::unexpected(access.error());
        if (!*answer_) archive_.look_after(answer_->error());
        loop_.post([waiter] { waiter.resume(); });
      });
    }
    Result<T> await_resume() { return std::move(*answer_); }

   private:
    RunArchive& archive_;
    Loop& loop_;
    Step step_;
    std::optional<Result<T>> answer_;
  };
  template <class T>
  Asking<T> ask(Loop& loop, typename Asking<T>::Step step) {
    return {*this, loop, std::move(step)};
  }

 private:
  using Job = std::move_only_function<void(Result<Access>)>;
  void submit(Job job);
  void start();  // under mutex_
  void run();
  Result<void> open();
  void look_after(const Error& error);  // on the thread

  const OpenStore open_store_;
  std::optional<JournalReader> reader_;  // the thread's
  std::shared_ptr<store::Store> store_;  // the thread's, and the reader's

  // Held to put a question in or take it out.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stop_ = false;
  std::thread thread_;  // starts with the first question
};

}  // namespace tidegate::engine
