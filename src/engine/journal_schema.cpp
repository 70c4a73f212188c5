#include "engine/journal_schema.h"

#include <fmt/format.h>

#include <array>

#include "store/migration.h"
#include "tls/digest.h"

namespace tidegate::engine {
namespace {

using store::Value;

// Times are microseconds since 1970, money is in nano-dollars. Rows of live tasks alone are
// indexed, so that history does not weigh on what runs.
constexpr std::array<std::string_view, 2> kSteps{R"sql(
CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  bytes TEXT NOT NULL
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  key TEXT UNIQUE,
  name TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  spec INTEGER NOT NULL REFERENCES blob,
  inputs INTEGER NOT NULL REFERENCES blob,
  outputs INTEGER REFERENCES blob,
  parent INTEGER,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  budget_nano INTEGER,
  created_us INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  ended_us INTEGER
);
CREATE INDEX run_live ON run (state)
  WHERE state NOT IN ('succeeded', 'failed', 'partial', 'cancelled');
CREATE TABLE task (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  id TEXT NOT NULL,
  item_key TEXT,
  parent INTEGER,
  role TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'waiting',
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER,
  started_us INTEGER,
  ended_us INTEGER,
  output INTEGER REFERENCES blob,
  error TEXT,
  PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE INDEX task_live ON task (run, state) WHERE state IN ('running', 'delayed', 'awaiting');
CREATE TABLE attempt (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  number INTEGER NOT NULL,
  purpose TEXT,
  state TEXT NOT NULL DEFAULT 'sent',
  asked_model TEXT NOT NULL,
  request_hash INTEGER NOT NULL,
  sent_us INTEGER NOT NULL,
  first_byte_us INTEGER,
  done_us INTEGER,
  reserved_nano INTEGER NOT NULL,
  model TEXT,
  provider TEXT,
  request_id TEXT,
  price_epoch TEXT,
  peak INTEGER,
  prompt INTEGER,
  cached INTEGER,
  cache_write INTEGER,
  completion INTEGER,
  reasoning INTEGER,
  cost_nano INTEGER,
  saved_by_cache_nano INTEGER,
  saved_by_window_nano INTEGER,
  cost_kind TEXT,
  error_class TEXT,
  error TEXT,
  PRIMARY KEY (run, task, number)
) WITHOUT ROWID;
CREATE INDEX attempt_in_flight ON attempt (run) WHERE state = 'sent';
CREATE TABLE turn (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  answer INTEGER NOT NULL REFERENCES blob,
  results INTEGER REFERENCES blob,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (run, task, number)
) WITHOUT ROWID;
CREATE TABLE tool_call (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  number INTEGER NOT NULL,
  tool TEXT NOT NULL,
  arguments INTEGER NOT NULL REFERENCES blob,
  result INTEGER REFERENCES blob,
  failed INTEGER NOT NULL DEFAULT 0,
  begun_us INTEGER NOT NULL,
  ended_us INTEGER,
  PRIMARY KEY (run, task, turn, number)
) WITHOUT ROWID;
CREATE TABLE event (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  task INTEGER,
  body TEXT,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE approval (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  message INTEGER NOT NULL REFERENCES blob,
  asked_us INTEGER NOT NULL,
  until_us INTEGER,
  approved INTEGER,
  by TEXT,
  ended_us INTEGER,
  PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE TABLE lease (
  run INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
);
CREATE TABLE writer (
  owner TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  at_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE command (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  verb TEXT NOT NULL,
  task TEXT NOT NULL,
  argument TEXT NOT NULL,
  given_us INTEGER NOT NULL,
  answer TEXT
);
CREATE INDEX command_open ON command (run) WHERE answer IS NULL;
)sql",
                                                 R"sql(
ALTER TABLE task ADD COLUMN reused_run INTEGER;
ALTER TABLE task ADD COLUMN reused_task INTEGER;
)sql"};

std::int64_t micros(WallTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

Value micros_or_null(const std::optional<WallTime>& at) {
  return at ? Value(micros(*at)) : Value();
}

Value nano_or_null(const std::optional<NanoDollars>& amount) {
  return amount ? Value(amount->value) : Value();
}

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value(text); }

Value number(std::uint32_t of) { return Value(std::int64_t{of}); }

}  // namespace

Result<void> migrate_journal(store::Store& store) {
  return store::migrate(store, "workflow", kSteps);
}

Result<bool> is_current_journal(store::Store& store) {
  const auto version = store::version_of(store, "workflow");
  if (!version) return std::unexpected(version.error());
  return *version >= static_cast<std::int64_t>(kSteps.size());
}

Result<void> RecordWriter::write(const Record& record) {
  return std::visit([this](const auto& known) { return apply(known); }, record);
}

Result<void> RecordWriter::put(std::string_view sql, std::initializer_list<Value> values) {
  auto done = store_.run(sql, std::span(values.begin(), values.size()));
  if (!done) return std::unexpected(std::move(done.error()));
  return {};
}

Result<void> RecordWriter::change(std::string_view sql, std::initializer_list<Value> values) {
  auto done = store_.run(sql, std::span(values.begin(), values.size()));
  if (!done) return std::unexpected(std::move(done.error()));
  if (*done == 1) return {};
  return fail(ErrorCode::invalid,
              fmt::format("the journal is not as it was left: {} rows for {}", *done, sql));
}

// Content is kept once, however often it comes. 128 bits of SHA-256 are enough to tell contents
// apart, even where somebody tries to make two alike.
Result<Value> RecordWriter::keep(const Bytes& bytes) {
  if (bytes == nullptr) return Value();
  const std::string hash = tls::sha256_hex(*bytes).substr(0, 32);
  std::int64_t id = 0;
  const std::array<Value, 1> by_hash{std::string_view(hash)};
  const auto find = [&] {
    return store_.query("SELECT id FROM blob WHERE hash = ?", by_hash,
                        [&](const store::Row& row) { id = row.integer(0); });
  };
  if (auto found = find(); !found) return std::unexpected(std::move(found.error()));
  if (id != 0) return Value(id);
  if (auto added = put("INSERT INTO blob (hash, bytes) VALUES (?, ?)",
                       {std::string_view(hash), std::string_view(*bytes)});
      !added) {
    return std::unexpected(std::move(added.error()));
  }
  if (auto found = store_.query("SELECT last_insert_rowid()", {},
                                [&](const store::Row& row) { id = row.integer(0); });
      !found) {
    return std::unexpected(std::move(found.error()));
  }
  return Value(id);
}

Result<void> RecordWriter::add_event(RunId run, WallTime at, std::string_view kind, Value task,
                                     std::string_view body) {
  auto next = next_event_.find(run.value);
  if (next == next_event_.end()) {
    std::int64_t last = 0;
    const std::array<Value, 1> values{run.value};
    auto found = store_.query("SELECT coalesce(max(seq), 0) FROM event WHERE run = ?", values,
                              [&](const store::Row& row) { last = row.integer(0); });
    if (!found) return found;
    next = next_event_.emplace(run.value, last + 1).first;
  }
  return put("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
             {run.value, next->second++, micros(at), kind, task, text_or_null(body)});
}

Result<void> RecordWriter::apply(const CreateRun& record) {
  const auto spec = keep(record.spec);
  if (!spec) return std::unexpected(spec.error());
  const auto inputs = keep(record.inputs);
  if (!inputs) return std::unexpected(inputs.error());
  auto done =
      put("INSERT INTO run (id, key, name, spec_hash, spec, inputs, parent, state, budget_nano, "
          "created_us, changed_us) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)",
          {record.run.value, text_or_null(record.key), std::string_view(record.name),
           std::string_view(record.spec_hash), *spec, *inputs,
           record.parent == 0 ? Value() : Value(record.parent), nano_or_null(record.budget),
           micros(record.created), micros(record.created)});
  std::uint32_t at = 0;
  for (const NewTask& task : *record.tasks) {
    if (!done) return done;
    done = put("INSERT INTO task (run, task, id, role, priority) VALUES (?, ?, ?, ?, ?)",
               {record.run.value, number(at++), std::string_view(task.id),
                std::string_view(task.role), std::int64_t{task.priority}});
  }
  if (!done) return done;
  done = add_event(record.run, record.created, "run", {}, R"({"state":"running"})");
  for (const Reuse& reuse : record.reused) {
    if (!done) return done;
    done = take_over(record.run, reuse, record.created);
  }
  return done;
}

// Its state and output, not its attempts: they stay with the run that paid for them.
Result<void> RecordWriter::take_over(RunId run, const Reuse& reuse, WallTime at) {
  const Value source_run(reuse.source.run.value);
  const Value source_task = number(reuse.source.task);
  if (reuse.items_only) {
    return change("UPDATE task SET reused_run = ?, reused_task = ? WHERE run = ? AND task = ?",
                  {source_run, source_task, run.value, number(reuse.task)});
  }
  auto done =
      reuse.parent
          ? change(
                "INSERT INTO task (run, task, id, item_key, parent, role, priority, state, "
                "output, error, ended_us, reused_run, reused_task) SELECT ?, ?, id, item_key, "
                "?, role, priority, state, output, error, ?, coalesce(reused_run, run), "
                "coalesce(reused_task, task) FROM task WHERE run = ? AND task = ?",
                {run.value, number(reuse.task), number(*reuse.parent), micros(at), source_run,
                 source_task})
          : change(
                "UPDATE task SET state = s.state, output = s.output, error = s.error, "
                "ended_us = ?, reused_run = coalesce(s.reused_run, s.run), "
                "reused_task = coalesce(s.reused_task, s.task) FROM task AS s "
                "WHERE s.run = ? AND s.task = ? AND task.run = ? AND task.task = ?",
                {micros(at), source_run, source_task, run.value, number(reuse.task)});
  if (!done) return done;
  std::string state;
  const std::array<Value, 2> values{run.value, number(reuse.task)};
  done = store_.query("SELECT state FROM task WHERE run = ? AND task = ?", values,
                      [&](const store::Row& row) { state = row.text(0); });
  if (!done) return done;
  return add_event(
      run, at, "task", number(reuse.task),
      fmt::format(R"({{"state":"{}","reused_from":"{}"}})", state, reuse.source.run.text()));
}

Result<void> RecordWriter::apply(const SetRunState& record) {
  auto done =
      change("UPDATE run SET state = ?, reason = ?, changed_us = ?, ended_us = ? WHERE id = ?",
             {name_of(record.state), std::string_view(record.reason), micros(record.at),
              is_live(record.state) ? Value() : Value(micros(record.at)), record.run.value});
  if (!done) return done;
  return add_event(record.run, record.at, "run", {},
                   fmt::format(R"({{"state":"{}"}})", name_of(record.state)));
}

Result<void> RecordWriter::apply(const SetRunOutputs& record) {
  const auto outputs = keep(record.outputs);
  if (!outputs) return std::unexpected(outputs.error());
  return change("UPDATE run SET outputs = ? WHERE id = ?", {*outputs, record.run.value});
}

Result<void> RecordWriter::apply(const SetBudget& record) {
  return change("UPDATE run SET budget_nano = ? WHERE id = ?",
                {nano_or_null(record.budget), record.run.value});
}

Result<void> RecordWriter::apply(const AddItems& record) {
  auto done = change(
      "UPDATE task SET state = 'expanded', reused_run = NULL, reused_task = NULL "
      "WHERE run = ? AND task = ?",
      {record.run.value, number(record.parent)});
  std::uint32_t at = record.first;
  for (const std::string& key : *record.keys) {
    if (!done) return done;
    done = put(
        "INSERT INTO task (run, task, id, item_key, parent, role, priority) SELECT run, ?, id, ?, "
        "task, role, priority FROM task WHERE run = ? AND task = ?",
        {number(at++), std::string_view(key), record.run.value, number(record.parent)});
  }
  for (const Reuse& reuse : record.reused) {
    if (!done) return done;
    done = take_over(record.run, reuse, record.at);
  }
  return done;
}

// What has ended stays as it is.
Result<void> RecordWriter::apply(const SetTask& record) {
  const auto output = keep(record.output);
  if (!output) return std::unexpected(output.error());
  const bool ended = has_ended(record.state);
  auto done = change(
      "UPDATE task SET state = ?, output = coalesce(?, output), error = ?, not_before_us = ?, "
      "ended_us = ? WHERE run = ? AND task = ? AND ended_us IS NULL",
      {name_of(record.state), *output, text_or_null(record.error),
       record.state == TaskState::delayed ? Value(micros(record.not_before)) : Value(),
       ended ? Value(micros(record.at)) : Value(), record.run.value, number(record.task)});
  if (!done) return done;
  return add_event(record.run, record.at, "task", number(record.task),
                   fmt::format(R"({{"state":"{}"}})", name_of(record.state)));
}

Result<void> RecordWriter::apply(const BeginAttempt& record) {
  auto done = change(
      "UPDATE task SET state = 'running', attempts = ?, not_before_us = NULL, "
      "started_us = coalesce(started_us, ?) WHERE run = ? AND task = ? AND ended_us IS NULL",
      {number(record.number), micros(record.sent), record.run.value, number(record.task)});
  if (!done) return done;
  return put(
      "INSERT INTO attempt (run, task, number, purpose, asked_model, request_hash, sent_us, "
      "reserved_nano) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {record.run.value, number(record.task), number(record.number), text_or_null(record.purpose),
       std::string_view(record.model), static_cast<std::int64_t>(record.request_hash),
       micros(record.sent), record.reserved.value});
}

Result<void> RecordWriter::apply(const EndAttempt& record) {
  auto done = change(
      "UPDATE attempt SET state = ?, first_byte_us = ?, done_us = ?, model = ?, provider = ?, "
      "request_id = ?, price_epoch = ?, peak = ?, prompt = ?, cached = ?, cache_write = ?, "
      "completion = ?, reasoning = ?, cost_nano = ?, saved_by_cache_nano = ?, "
      "saved_by_window_nano = ?, cost_kind = ?, error_class = ?, error = ? "
      "WHERE run = ? AND task = ? AND number = ? AND state = 'sent'",
      {name_of(record.state),
       micros_or_null(record.first_byte),
       micros(record.done),
       text_or_null(record.model),
       text_or_null(record.provider),
       text_or_null(record.request_id),
       text_or_null(record.price_epoch),
       std::int64_t{record.peak},
       record.usage.prompt,
       record.usage.cached,
       record.usage.cache_write,
       record.usage.completion,
       record.usage.reasoning,
       record.cost.value,
       record.saved_by_cache.value,
       record.saved_by_window.value,
       name_of(record.cost_kind),
       text_or_null(record.error_class),
       text_or_null(record.error),
       record.run.value,
       number(record.task),
       number(record.number)});
  if (!done || record.state == AttemptState::done) return done;
  return add_event(
      record.run, record.done, "attempt", number(record.task),
      fmt::format(R"({{"state":"{}","class":"{}"}})", name_of(record.state), record.error_class));
}

Result<void> RecordWriter::apply(const OrphanAttempts& record) {
  return put(
      "UPDATE attempt SET state = 'orphaned', done_us = ?, cost_nano = reserved_nano, "
      "cost_kind = 'unknown' WHERE run = ? AND state = 'sent'",
      {micros(record.at), record.run.value});
}

Result<void> RecordWriter::apply(const AddTurn& record) {
  const auto answer = keep(record.answer);
  if (!answer) return std::unexpected(answer.error());
  const auto results = keep(record.results);
  if (!results) return std::unexpected(results.error());
  return put(
      "INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (run, task, number) DO UPDATE SET results = excluded.results",
      {record.run.value, number(record.task), number(record.number), number(record.attempt),
       *answer, *results, micros(record.at)});
}

Result<void> RecordWriter::apply(const SetToolCall& record) {
  const auto arguments = keep(record.arguments);
  if (!arguments) return std::unexpected(arguments.error());
  const auto result = keep(record.result);
  if (!result) return std::unexpected(result.error());
  return put(
      "INSERT INTO tool_call (run, task, turn, number, tool, arguments, begun_us) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (run, task, turn, number) DO UPDATE SET "
      "result = ?8, failed = ?9, ended_us = CASE WHEN ?8 IS NULL THEN NULL ELSE ?7 END",
      {record.run.value, number(record.task), number(record.turn), number(record.number),
       std::string_view(record.tool), *arguments, micros(record.at), *result,
       std::int64_t{record.failed}});
}

Result<void> RecordWriter::apply(const AddEvent& record) {
  return add_event(record.run, record.at, record.kind, {}, record.body);
}

Result<void> RecordWriter::apply(const AskApproval& record) {
  const auto message = keep(record.message);
  if (!message) return std::unexpected(message.error());
  auto done =
      put("INSERT OR IGNORE INTO approval (run, task, message, asked_us, until_us) "
          "VALUES (?, ?, ?, ?, ?)",
          {record.run.value, number(record.task), *message, micros(record.at),
           micros_or_null(record.until)});
  if (!done) return done;
  return add_event(record.run, record.at, "approval", number(record.task), R"({"state":"asked"})");
}

// The decision is the end of the task.
Result<void> RecordWriter::apply(const EndApproval& record) {
  const std::string_view state =
      name_of(record.approved ? TaskState::approved : TaskState::rejected);
  auto done = change(
      "UPDATE approval SET approved = ?, by = ?, ended_us = ? WHERE run = ? AND task = ? "
      "AND approved IS NULL",
      {std::int64_t{record.approved}, std::string_view(record.by), micros(record.at),
       record.run.value, number(record.task)});
  if (!done) return done;
  done = change(
      "UPDATE task SET state = ?, ended_us = ? WHERE run = ? AND task = ? AND ended_us IS NULL",
      {state, micros(record.at), record.run.value, number(record.task)});
  if (!done) return done;
  return add_event(record.run, record.at, "task", number(record.task),
                   fmt::format(R"({{"state":"{}"}})", state));
}

// The epoch stays: the next owner's must be higher.
Result<void> RecordWriter::apply(const ReleaseLease& record) {
  return put("UPDATE lease SET owner = '', expires_us = 0 WHERE run = ?", {record.run.value});
}

Result<void> RecordWriter::apply(const EndCommand& record) {
  return put("UPDATE command SET answer = ? WHERE id = ?",
             {std::string_view(record.answer), record.id});
}

}  // namespace tidegate::engine
