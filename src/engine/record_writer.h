// How records become rows: statements that are the same for SQLite and PostgreSQL. The rest of the
// engine's SQL reads (journal_reader.cpp), or is about leases (lease.cpp).
// Used by the thread that owns the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

// A content in the table of contents, by its hash; null for none.
class Kept {
 public:
  Kept() = default;
  explicit Kept(std::string hash) : hash_(std::move(hash)) {}
  [[nodiscard]] store::Value value() const {
    return hash_.empty() ? store::Value() : store::Value(std::string_view(hash_));
  }

 private:
  std::string hash_;
};

// Writes records into a store, within the transaction of its caller. Statements are queued: that a
// record does not fit may be found out later, by a flush() or commit() of the store.
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
  Result<void> apply(const AddOffer& record);
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

  // Its row is made where it is not there yet.
  Result<Kept> keep(const Bytes& bytes);
  Result<void> add_event(RunId run, WallTime at, std::string_view kind, store::Value task,
                         std::string_view body);
  // Changes exactly one row.
  Result<void> change(std::string_view sql, std::initializer_list<store::Value> values);
  Result<void> put(std::string_view sql, std::initializer_list<store::Value> values);

  store::Store& store_;
};

}  // namespace tidegate::engine
