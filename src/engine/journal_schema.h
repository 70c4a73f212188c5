// The tables of the journal and the statements that write them: the only SQL of the engine but for
// that which reads (journal_reader.cpp). What each column means: docs/workflows.md.
// Used by the thread that owns the store.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

// Begins a statement that may join `used`: the runs of workflows within the run `?`, each with the
// task of that run that it belongs to, however deep. Their keys are "sub:" RUN "/" TASK.
inline constexpr std::string_view kWithUsedRuns =
    "WITH RECURSIVE used(run, task) AS (SELECT id, CAST(substr(key, 20) AS BIGINT) FROM run "
    "WHERE parent = ? AND key LIKE 'sub:%' UNION ALL SELECT r.id, used.task FROM run r "
    "JOIN used ON r.parent = used.run WHERE r.key LIKE 'sub:%') ";

Result<void> migrate_journal(store::Store& store);
// False: an earlier program made it, and it lacks columns.
Result<bool> is_current_journal(store::Store& store);

// Writes records into a store, within the transaction of its caller. One per transaction.
class RecordWriter {
 public:
  explicit RecordWriter(store::Store& store) : store_(store) {}

  // Error invalid: the record does not fit what is there, such as a second end of a task.
  Result<void> write(const Record& record);

 private:
  Result<void> apply(const CreateRun& record);
  Result<void> apply(const SetRunState& record);
  Result<void> apply(const SetRunOutputs& record);
  Result<void> apply(const SetBudget& record);
  Result<void> apply(const AddItems& record);
  Result<void> apply(const SetTask& record);
  Result<void> apply(const BeginAttempt& record);
  Result<void> apply(const EndAttempt& record);
  Result<void> apply(const OrphanAttempts& record);
  Result<void> apply(const AddTurn& record);
  Result<void> apply(const SetToolCall& record);
  Result<void> apply(const AddEvent& record);
  Result<void> apply(const AskApproval& record);
  Result<void> apply(const EndApproval& record);
  Result<void> apply(const ReleaseLease& record);
  Result<void> apply(const EndCommand& record);

  Result<void> take_over(RunId run, const Reuse& reuse, WallTime at);

  // The row of `bytes` in the table of contents, made where it is not there yet; null for null.
  Result<store::Value> keep(const Bytes& bytes);
  Result<void> add_event(RunId run, WallTime at, std::string_view kind, store::Value task,
                         std::string_view body);
  // Changes exactly one row.
  Result<void> change(std::string_view sql, std::initializer_list<store::Value> values);
  Result<void> put(std::string_view sql, std::initializer_list<store::Value> values);

  store::Store& store_;
  std::unordered_map<std::int64_t, std::int64_t> next_event_;  // by run
};

}  // namespace tidegate::engine
