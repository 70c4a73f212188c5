#include "engine/record_writer.h"

#include <fmt/format.h>

#include <array>

#include "store/pipelined.h"
#include "tls/digest.h"

namespace tidegate::engine {
namespace {

using store::Value;

std::int64_t micros(WallTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::int64_t micros(Duration length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(length).count();
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

Result<void> RecordWriter::write(const Record& record) {
  return std::visit([this](const auto& known) { return apply(known); }, record);
}

Result<void> RecordWriter::put(std::string_view sql, std::initializer_list<Value> values) {
  return store::queue(store_, sql, std::span(values.begin(), values.size()));
}

Result<void> RecordWriter::change(std::string_view sql, std::initializer_list<Value> values) {
  return store::queue(store_, sql, std::span(values.begin(), values.size()), 1);
}

// Content is kept once, however often it comes. 128 bits of SHA-256 are enough to tell contents
// apart, even where somebody tries to make two alike.
Result<Kept> RecordWriter::keep(const Bytes& bytes) {
  if (bytes == nullptr) return Kept();
  Kept kept{tls::sha256_hex(*bytes).substr(0, 32)};
  const std::string_view text = *bytes;
  auto added =
      store_.dialect() == store::Dialect::sqlite
          ? put("INSERT INTO packed (hash, size, bytes) VALUES ($1, $2, sqlar_compress($3)) "
                "ON CONFLICT (hash) DO NOTHING",
                {kept.value(), static_cast<std::int64_t>(text.size()), text})
          : put("INSERT INTO blob (hash, bytes) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
                {kept.value(), text});
  if (!added) return std::unexpected(std::move(added.error()));
  return kept;
}

Result<void> RecordWriter::add_event(RunId run, WallTime at, std::string_view kind, Value task,
                                     std::string_view body) {
  return put(
      "INSERT INTO event (run, seq, at_us, kind, task, body) SELECT CAST($1 AS BIGINT), "
      "coalesce(max(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), "
      "CAST($5 AS TEXT) FROM event WHERE run = $1",
      {run.value, micros(at), kind, task, text_or_null(body)});
}

Result<void> RecordWriter::apply(const CreateRun& record) {
  const auto spec = keep(record.spec);
  if (!spec) return std::unexpected(spec.error());
  const auto inputs = keep(record.inputs);
  if (!inputs) return std::unexpected(inputs.error());
  auto done =
      put("INSERT INTO run (id, key, name, spec_hash, spec, inputs, parent, state, budget_nano, "
          "created_us, changed_us) VALUES ($1, $2, $3, $4, (SELECT id FROM blob WHERE hash = $5), "
          "(SELECT id FROM blob WHERE hash = $6), $7, 'running', $8, $9, $10)",
          {record.run.value, text_or_null(record.key), std::string_view(record.name),
           std::string_view(record.spec_hash), spec->value(), inputs->value(),
           record.parent == 0 ? Value() : Value(record.parent), nano_or_null(record.budget),
           micros(record.created), micros(record.created)});
  std::uint32_t at = 0;
  for (const NewTask& task : *record.tasks) {
    if (!done) return done;
    done = put("INSERT INTO task (run, task, id, role, priority) VALUES ($1, $2, $3, $4, $5)",
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
    return change("UPDATE task SET reused_run = $1, reused_task = $2 WHERE run = $3 AND task = $4",
                  {source_run, source_task, run.value, number(reuse.task)});
  }
  auto done = reuse.parent
                  ? change(
                        "INSERT INTO task (run, task, id, item_key, parent, role, priority, state, "
                        "output, error, ended_us, reused_run, reused_task) SELECT CAST($1 AS "
                        "BIGINT), CAST($2 AS BIGINT), "
                        "id, item_key, CAST($3 AS BIGINT), role, priority, state, output, error, "
                        "CAST($4 AS BIGINT), coalesce(reused_run, run), "
                        "coalesce(reused_task, task) FROM task WHERE run = $5 AND task = $6",
                        {run.value, number(reuse.task), number(*reuse.parent), micros(at),
                         source_run, source_task})
                  : change(
                        "UPDATE task SET state = s.state, output = s.output, error = s.error, "
                        "ended_us = $1, reused_run = coalesce(s.reused_run, s.run), "
                        "reused_task = coalesce(s.reused_task, s.task) FROM task AS s "
                        "WHERE s.run = $2 AND s.task = $3 AND task.run = $4 AND task.task = $5",
                        {micros(at), source_run, source_task, run.value, number(reuse.task)});
  if (!done) return done;
  std::string state;
  const std::array<Value, 2> values{run.value, number(reuse.task)};
  done = store_.query("SELECT state FROM task WHERE run = $1 AND task = $2", values,
                      [&](const store::Row& row) { state = row.text(0); });
  if (!done) return done;
  return add_event(
      run, at, "task", number(reuse.task),
      fmt::format(R"({{"state":"{}","reused_from":"{}"}})", state, reuse.source.run.text()));
}

Result<void> RecordWriter::apply(const SetRunState& record) {
  auto done =
      change("UPDATE run SET state = $1, reason = $2, changed_us = $3, ended_us = $4 WHERE id = $5",
             {name_of(record.state), std::string_view(record.reason), micros(record.at),
              is_live(record.state) ? Value() : Value(micros(record.at)), record.run.value});
  if (!done) return done;
  return add_event(record.run, record.at, "run", {},
                   fmt::format(R"({{"state":"{}"}})", name_of(record.state)));
}

Result<void> RecordWriter::apply(const SetRunOutputs& record) {
  const auto outputs = keep(record.outputs);
  if (!outputs) return std::unexpected(outputs.error());
  return change("UPDATE run SET outputs = (SELECT id FROM blob WHERE hash = $1) WHERE id = $2",
                {outputs->value(), record.run.value});
}

Result<void> RecordWriter::apply(const SetBudget& record) {
  return change("UPDATE run SET budget_nano = $1 WHERE id = $2",
                {nano_or_null(record.budget), record.run.value});
}

Result<void> RecordWriter::apply(const AddItems& record) {
  auto done = change(
      "UPDATE task SET state = 'expanded', reused_run = NULL, reused_task = NULL "
      "WHERE run = $1 AND task = $2",
      {record.run.value, number(record.parent)});
  std::uint32_t at = record.first;
  for (const std::string& key : *record.keys) {
    if (!done) return done;
    done =
        put("INSERT INTO task (run, task, id, item_key, parent, role, priority) SELECT run, "
            "CAST($1 AS BIGINT), id, CAST($2 AS TEXT), task, role, priority FROM task WHERE run = "
            "$3 AND task = $4",
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
      "UPDATE task SET state = $1, "
      "output = coalesce((SELECT id FROM blob WHERE hash = $2), output), error = $3, not_before_us "
      "= $4, "
      "ended_us = $5 WHERE run = $6 AND task = $7 AND ended_us IS NULL",
      {name_of(record.state), output->value(), text_or_null(record.error),
       record.state == TaskState::delayed ? Value(micros(record.not_before)) : Value(),
       ended ? Value(micros(record.at)) : Value(), record.run.value, number(record.task)});
  if (!done) return done;
  return add_event(record.run, record.at, "task", number(record.task),
                   fmt::format(R"({{"state":"{}"}})", name_of(record.state)));
}

Result<void> RecordWriter::apply(const BeginAttempt& record) {
  auto done = change(
      "UPDATE task SET state = 'running', attempts = $1, not_before_us = NULL, "
      "started_us = coalesce(started_us, $2) WHERE run = $3 AND task = $4 AND ended_us IS NULL",
      {number(record.number), micros(record.sent), record.run.value, number(record.task)});
  if (!done) return done;
  return put(
      "INSERT INTO attempt (run, task, number, purpose, asked_model, request_hash, sent_us, "
      "reserved_nano) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {record.run.value, number(record.task), number(record.number), text_or_null(record.purpose),
       std::string_view(record.model), static_cast<std::int64_t>(record.request_hash),
       micros(record.sent), record.reserved.value});
}

Result<void> RecordWriter::apply(const AddOffer& record) {
  return put(
      "INSERT INTO offer (run, task, number, owner, role, body, queue_us, idle_us, total_us, "
      "at_us) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {record.run.value, number(record.task), number(record.number), std::string_view(record.owner),
       std::string_view(record.role), std::string_view(*record.body), micros(record.queue),
       micros(record.idle), micros(record.total), micros(record.at)});
}

Result<void> RecordWriter::apply(const EndAttempt& record) {
  Result<void> done;
  if (record.offered) {
    done = put("DELETE FROM offer WHERE run = $1 AND task = $2 AND number = $3",
               {record.run.value, number(record.task), number(record.number)});
    if (!done) return done;
  }
  done = change(
      "UPDATE attempt SET state = $1, first_byte_us = $2, done_us = $3, model = $4, provider = $5, "
      "request_id = $6, price_epoch = $7, peak = $8, prompt = $9, cached = $10, cache_write = $11, "
      "completion = $12, reasoning = $13, cost_nano = $14, saved_by_cache_nano = $15, "
      "saved_by_window_nano = $16, cost_kind = $17, error_class = $18, error = $19, made_by = $20 "
      "WHERE run = $21 AND task = $22 AND number = $23 AND state = 'sent'",
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
       text_or_null(record.made_by),
       record.run.value,
       number(record.task),
       number(record.number)});
  if (!done || record.state == AttemptState::done) return done;
  return add_event(
      record.run, record.done, "attempt", number(record.task),
      fmt::format(R"({{"state":"{}","class":"{}"}})", name_of(record.state), record.error_class));
}

Result<void> RecordWriter::apply(const OrphanAttempts& record) {
  auto done = put(
      "UPDATE attempt SET state = 'orphaned', done_us = $1, cost_nano = reserved_nano, "
      "cost_kind = 'unknown' WHERE run = $2 AND state = 'sent' AND NOT EXISTS (SELECT 1 FROM offer "
      "o WHERE o.run = attempt.run AND o.task = attempt.task AND o.number = attempt.number)",
      {micros(record.at), record.run.value});
  if (!done) return done;
  return put("UPDATE offer SET owner = $1 WHERE run = $2",
             {std::string_view(record.owner), record.run.value});
}

Result<void> RecordWriter::apply(const AddTurn& record) {
  const auto answer = keep(record.answer);
  if (!answer) return std::unexpected(answer.error());
  const auto results = keep(record.results);
  if (!results) return std::unexpected(results.error());
  return put(
      "INSERT INTO turn (run, task, number, attempt, answer, results, at_us) VALUES ($1, $2, $3, "
      "$4, "
      "(SELECT id FROM blob WHERE hash = $5), (SELECT id FROM blob WHERE hash = $6), $7) "
      "ON CONFLICT (run, task, number) DO UPDATE SET results = excluded.results",
      {record.run.value, number(record.task), number(record.number), number(record.attempt),
       answer->value(), results->value(), micros(record.at)});
}

Result<void> RecordWriter::apply(const SetToolCall& record) {
  const auto arguments = keep(record.arguments);
  if (!arguments) return std::unexpected(arguments.error());
  const auto result = keep(record.result);
  if (!result) return std::unexpected(result.error());
  return put(
      "INSERT INTO tool_call (run, task, turn, number, tool, arguments, begun_us) "
      "VALUES ($1, $2, $3, $4, $5, (SELECT id FROM blob WHERE hash = $6), $7) "
      "ON CONFLICT (run, task, turn, number) DO UPDATE SET "
      "result = (SELECT id FROM blob WHERE hash = $8), failed = $9, "
      "ended_us = CASE WHEN CAST($8 AS TEXT) IS NULL THEN NULL ELSE excluded.begun_us END",
      {record.run.value, number(record.task), number(record.turn), number(record.number),
       std::string_view(record.tool), arguments->value(), micros(record.at), result->value(),
       std::int64_t{record.failed}});
}

Result<void> RecordWriter::apply(const AddEvent& record) {
  return add_event(record.run, record.at, record.kind, {}, record.body);
}

Result<void> RecordWriter::apply(const AskApproval& record) {
  const auto message = keep(record.message);
  if (!message) return std::unexpected(message.error());
  auto done =
      put("INSERT INTO approval (run, task, message, asked_us, until_us) "
          "VALUES ($1, $2, (SELECT id FROM blob WHERE hash = $3), $4, $5) "
          "ON CONFLICT (run, task) DO NOTHING",
          {record.run.value, number(record.task), message->value(), micros(record.at),
           micros_or_null(record.until)});
  if (!done) return done;
  return add_event(record.run, record.at, "approval", number(record.task), R"({"state":"asked"})");
}

// The decision is the end of the task.
Result<void> RecordWriter::apply(const EndApproval& record) {
  const std::string_view state =
      name_of(record.approved ? TaskState::approved : TaskState::rejected);
  auto done = change(
      "UPDATE approval SET approved = $1, by = $2, ended_us = $3 WHERE run = $4 AND task = $5 "
      "AND approved IS NULL",
      {std::int64_t{record.approved}, std::string_view(record.by), micros(record.at),
       record.run.value, number(record.task)});
  if (!done) return done;
  done = change(
      "UPDATE task SET state = $1, ended_us = $2 WHERE run = $3 AND task = $4 AND ended_us IS NULL",
      {state, micros(record.at), record.run.value, number(record.task)});
  if (!done) return done;
  return add_event(record.run, record.at, "task", number(record.task),
                   fmt::format(R"({{"state":"{}"}})", state));
}

// The epoch stays: the next owner's must be higher.
Result<void> RecordWriter::apply(const ReleaseLease& record) {
  return put("UPDATE lease SET owner = '', expires_us = 0 WHERE run = $1", {record.run.value});
}

Result<void> RecordWriter::apply(const EndCommand& record) {
  return put("UPDATE command SET answer = $1 WHERE id = $2",
             {std::string_view(record.answer), record.id});
}

}  // namespace tidegate::engine
