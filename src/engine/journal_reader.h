// Reads what the journal knows: runs, their tasks, attempts and events. For resuming, reports and
// lists. Each on a store of its own, on any thread.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/conversation.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

// A clock that was put back meanwhile lets nothing end before it began.
inline std::optional<WallTime> end_of(std::optional<WallTime> began,
                                      std::optional<WallTime> ended) {
  return began && ended ? std::max(began, ended) : ended;
}

struct StoredRun {
  RunId id;
  std::string key, name, spec_hash, reason;
  RunState state = RunState::running;
  std::optional<NanoDollars> budget;
  std::int64_t parent = 0;
  WallTime created, changed;
  std::optional<WallTime> ended;
};

struct StoredTask {
  std::uint32_t task = 0;
  std::string id, item_key, role, error;
  std::optional<std::uint32_t> parent;  // of an item: the task that it is an item of
  TaskState state = TaskState::waiting;
  std::uint32_t attempts = 0;
  std::uint32_t tries = 0;    // of them, those of the task's own request
  std::uint32_t orphans = 0;  // attempts that were in flight when their process died
  NanoDollars cost{};         // of all its attempts, those without an end at what is reserved
  std::optional<WallTime> started, ended;
  std::int64_t output = 0;  // row of its content; 0: none
  // Where its result was taken over from; of a list without a result: where its items may be.
  std::optional<TaskRef> reused;
  std::optional<GivenAttempt> given;
  // Of one that asked a person and has no answer: until when, if it says.
  bool asked = false;
  std::optional<WallTime> asked_until;
};

struct StoredAttempt {
  std::uint32_t task = 0, number = 0;
  std::string purpose, asked_model, model, provider, request_id, price_epoch, cost_kind;
  std::string error_class, error;
  AttemptState state = AttemptState::sent;
  bool peak = false;
  WallTime sent;
  std::optional<WallTime> first_byte, done;
  Usage usage;
  NanoDollars reserved{}, cost{}, saved_by_cache{}, saved_by_window{};
};

struct StoredEvent {
  std::int64_t seq = 0;
  WallTime at;
  std::string kind, body;
  std::optional<std::uint32_t> task;
};

class JournalReader {
 public:
  // journal_place.h. Error not_found: there is no such file, so no run was ever made.
  static Result<JournalReader> open(const std::string& place);
  explicit JournalReader(std::shared_ptr<store::Store> store) : store_(std::move(store)) {}

  // The latest first.
  Result<std::vector<StoredRun>> runs(std::size_t most);
  // Error not_found names the run.
  Result<StoredRun> run(RunId id);
  // One that can go on. Error invalid: it has ended, or is within another, which must go on.
  Result<StoredRun> live_run(RunId id);
  // By "r..." as a whole or its last characters, if they are of one run only.
  Result<StoredRun> find_run(std::string_view text);
  Result<std::optional<StoredRun>> run_with_key(const std::string& key);
  Result<std::string> spec(RunId id);
  Result<std::string> inputs(RunId id);
  Result<std::string> outputs(RunId id);  // "null": none
  Result<std::vector<StoredTask>> tasks(RunId id);
  Result<void> attempts(RunId id, const std::function<void(const StoredAttempt&)>& each);
  Result<std::vector<StoredTurn>> turns(RunId id, std::uint32_t task);
  // Those behind `after`, at most `most`.
  Result<std::vector<StoredEvent>> events(RunId id, std::int64_t after, std::size_t most);
  Result<Bytes> content(std::int64_t row);

 private:
  Result<std::vector<StoredRun>> select_runs(std::string_view where,
                                             std::span<const store::Value> values);
  Result<std::string> text_of(RunId id, std::string_view sql);

  std::shared_ptr<store::Store> store_;
};

}  // namespace tidegate::engine
