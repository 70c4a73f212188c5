#include "engine/journal_reader.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "engine/journal_place.h"
#include "engine/journal_tables.h"

namespace tidegate::engine {
namespace {

using store::Row;
using store::Value;

WallTime wall(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

std::optional<WallTime> wall_or_none(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return wall(row.integer(column));
}

std::string text(const Row& row, int column) { return std::string(row.text(column)); }

}  // namespace

Result<JournalReader> JournalReader::open(const std::string& place) {
  auto store = open_journal_to_read(place);
  if (!store) return std::unexpected(std::move(store.error()));
  return JournalReader(std::move(*store));
}

Result<std::vector<StoredRun>> JournalReader::select_runs(std::string_view where,
                                                          std::span<const Value> values) {
  std::vector<StoredRun> runs;
  auto read = store_->query(
      fmt::format("SELECT id, coalesce(key, ''), name, spec_hash, reason, state, budget_nano, "
                  "coalesce(parent, 0), created_us, changed_us, ended_us FROM run {}",
                  where),
      values, [&](const Row& row) {
        StoredRun run;
        run.id = {row.integer(0)};
        run.key = text(row, 1);
        run.name = text(row, 2);
        run.spec_hash = text(row, 3);
        run.reason = text(row, 4);
        run.state = parse_run_state(row.text(5)).value_or(RunState::failed);
        if (!row.is_null(6)) run.budget = NanoDollars{row.integer(6)};
        run.parent = row.integer(7);
        run.created = wall(row.integer(8));
        run.changed = std::max(run.created, wall(row.integer(9)));
        run.ended = end_of(run.created, wall_or_none(row, 10));
        runs.push_back(std::move(run));
      });
  if (!read) return std::unexpected(std::move(read.error()));
  return runs;
}

Result<std::vector<StoredRun>> JournalReader::runs(std::size_t most) {
  const std::array<Value, 1> values{static_cast<std::int64_t>(most)};
  return select_runs("ORDER BY id DESC LIMIT $1", values);
}

Result<StoredRun> JournalReader::run(RunId id) {
  const std::array<Value, 1> values{id.value};
  auto found = select_runs("WHERE id = $1", values);
  if (!found) return std::unexpected(std::move(found.error()));
  if (found->empty())
    return fail(ErrorCode::not_found, fmt::format("there is no run {}", id.text()));
  return std::move(found->front());
}

Result<StoredRun> JournalReader::live_run(RunId id) {
  auto found = run(id);
  if (!found) return found;
  if (!is_live(found->state)) {
    return fail(ErrorCode::invalid,
                fmt::format("run {} has ended: it is {}", id.text(), name_of(found->state)));
  }
  if (found->key.starts_with("sub:")) {
    return fail(ErrorCode::invalid, fmt::format("run {} is within run {}: name that one", id.text(),
                                                RunId{found->parent}.text()));
  }
  return found;
}

Result<StoredRun> JournalReader::find_run(std::string_view text) {
  if (const auto id = RunId::parse(text)) {
    auto exact = run(*id);
    if (exact || exact.error().code != ErrorCode::not_found) return exact;
  }
  auto all = runs(1000);
  if (!all) return std::unexpected(std::move(all.error()));
  std::optional<StoredRun> found;
  std::vector<std::string> names;
  for (StoredRun& run : *all) {
    names.push_back(run.id.text());
    const bool fits = text == "last" ? !run.key.starts_with("sub:")
                                     : text.size() >= 3 && run.id.text().ends_with(text);
    if (!fits) continue;
    if (found) {
      return fail(ErrorCode::invalid, fmt::format("\"{}\" is the end of more than one run", text));
    }
    found = std::move(run);
    if (text == "last") break;
  }
  if (!found) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no run {}.{} `tidegate workflow list` shows those that there "
                            "are",
                            text, did_you_mean(text, names)));
  }
  return std::move(*found);
}

Result<std::optional<StoredRun>> JournalReader::run_with_key(const std::string& key) {
  const std::array<Value, 1> values{std::string_view(key)};
  auto found = select_runs("WHERE key = $1", values);
  if (!found) return std::unexpected(std::move(found.error()));
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

Result<std::string> JournalReader::text_of(RunId id, std::string_view sql) {
  const std::array<Value, 1> values{id.value};
  std::optional<std::string> found;
  auto read = store_->query(sql, values, [&](const Row& row) { found = text(row, 0); });
  if (!read) return std::unexpected(std::move(read.error()));
  if (!found) return fail(ErrorCode::not_found, fmt::format("there is no run {}", id.text()));
  return std::move(*found);
}

Result<std::string> JournalReader::spec(RunId id) {
  return text_of(id, "SELECT bytes FROM run JOIN blob ON blob.id = spec WHERE run.id = $1");
}

Result<std::string> JournalReader::inputs(RunId id) {
  return text_of(id, "SELECT bytes FROM run JOIN blob ON blob.id = inputs WHERE run.id = $1");
}

Result<std::string> JournalReader::outputs(RunId id) {
  return text_of(id,
                 "SELECT coalesce(bytes, 'null') FROM run LEFT JOIN blob ON blob.id = outputs "
                 "WHERE run.id = $1");
}

Result<std::vector<StoredTask>> JournalReader::tasks(RunId id) {
  std::vector<StoredTask> tasks;
  const std::array<Value, 1> values{id.value};
  auto read = store_->query(
      "SELECT task, id, coalesce(item_key, ''), role, coalesce(error, ''), parent, state, "
      "attempts, started_us, ended_us, coalesce(output, 0), reused_run, reused_task FROM task "
      "WHERE run = $1 ORDER BY task",
      values, [&](const Row& row) {
        StoredTask task;
        task.task = static_cast<std::uint32_t>(row.integer(0));
        task.id = text(row, 1);
        task.item_key = text(row, 2);
        task.role = text(row, 3);
        task.error = text(row, 4);
        if (!row.is_null(5)) task.parent = static_cast<std::uint32_t>(row.integer(5));
        task.state = parse_task_state(row.text(6)).value_or(TaskState::waiting);
        task.attempts = static_cast<std::uint32_t>(row.integer(7));
        task.started = wall_or_none(row, 8);
        task.ended = end_of(task.started, wall_or_none(row, 9));
        task.output = row.integer(10);
        if (!row.is_null(11)) {
          task.reused = TaskRef{{row.integer(11)}, static_cast<std::uint32_t>(row.integer(12))};
        }
        tasks.push_back(std::move(task));
      });
  if (!read) return std::unexpected(std::move(read.error()));
  // Numbers are dense: a task's row is its number.
  auto counted = store_->query(
      "SELECT task, "
      "sum(CASE WHEN purpose IS NULL AND coalesce(error_class, '') <> 'cancelled' THEN 1 ELSE 0 "
      "END), "
      "sum(CASE WHEN state IN ('sent', 'orphaned') THEN 1 ELSE 0 END), "
      "sum(coalesce(cost_nano, reserved_nano)) FROM attempt WHERE run = $1 GROUP BY task",
      values, [&](const Row& row) {
        const auto at = static_cast<std::size_t>(row.integer(0));
        if (at >= tasks.size()) return;
        tasks[at].tries = static_cast<std::uint32_t>(row.integer(1));
        tasks[at].orphans = static_cast<std::uint32_t>(row.integer(2));
        tasks[at].cost = {row.integer(3)};
      });
  if (!counted) return std::unexpected(std::move(counted.error()));
  counted = store_->query(
      "SELECT a.task, a.number, a.request_hash, a.sent_us, a.reserved_nano FROM offer o JOIN "
      "attempt a ON a.run = o.run AND a.task = o.task AND a.number = o.number WHERE o.run = $1 AND "
      "a.state = 'sent'",
      values, [&](const Row& row) {
        const auto at = static_cast<std::size_t>(row.integer(0));
        if (at >= tasks.size()) return;
        --tasks[at].orphans;
        tasks[at].given = {.number = static_cast<std::uint32_t>(row.integer(1)),
                           .request_hash = static_cast<std::uint64_t>(row.integer(2)),
                           .sent = wall(row.integer(3)),
                           .reserved = {row.integer(4)}};
      });
  if (!counted) return std::unexpected(std::move(counted.error()));
  counted = store_->query("SELECT task, until_us FROM approval WHERE run = $1 AND approved IS NULL",
                          values, [&](const Row& row) {
                            const auto at = static_cast<std::size_t>(row.integer(0));
                            if (at >= tasks.size()) return;
                            tasks[at].asked = true;
                            tasks[at].asked_until = wall_or_none(row, 1);
                          });
  if (!counted) return std::unexpected(std::move(counted.error()));
  // What a workflow spent that a task uses is the task's, once it has ended; before, the runner of
  // that workflow counts it.
  counted =
      store_->query(std::string(kWithUsedRuns) +
                        "SELECT used.task, sum(coalesce(a.cost_nano, a.reserved_nano)) FROM used "
                        "JOIN attempt a ON a.run = used.run GROUP BY used.task",
                    values, [&](const Row& row) {
                      const auto at = static_cast<std::size_t>(row.integer(0));
                      if (at < tasks.size() && has_ended(tasks[at].state))
                        tasks[at].cost += {row.integer(1)};
                    });
  if (!counted) return std::unexpected(std::move(counted.error()));
  return tasks;
}

Result<void> JournalReader::attempts(RunId id,
                                     const std::function<void(const StoredAttempt&)>& each) {
  const std::array<Value, 1> values{id.value};
  return store_->query(
      "SELECT task, number, coalesce(purpose, ''), state, asked_model, sent_us, first_byte_us, "
      "done_us, reserved_nano, coalesce(model, ''), coalesce(provider, ''), "
      "coalesce(request_id, ''), coalesce(price_epoch, ''), coalesce(peak, 0), "
      "coalesce(prompt, 0), coalesce(cached, 0), coalesce(cache_write, 0), "
      "coalesce(completion, 0), coalesce(reasoning, 0), coalesce(cost_nano, reserved_nano), "
      "coalesce(saved_by_cache_nano, 0), coalesce(saved_by_window_nano, 0), "
      "coalesce(cost_kind, ''), coalesce(error_class, ''), coalesce(error, '') "
      "FROM attempt WHERE run = $1 ORDER BY task, number",
      values, [&](const Row& row) {
        StoredAttempt attempt;
        attempt.task = static_cast<std::uint32_t>(row.integer(0));
        attempt.number = static_cast<std::uint32_t>(row.integer(1));
        attempt.purpose = text(row, 2);
        attempt.state = parse_attempt_state(row.text(3)).value_or(AttemptState::sent);
        attempt.asked_model = text(row, 4);
        attempt.sent = wall(row.integer(5));
        attempt.first_byte = wall_or_none(row, 6);
        attempt.done = wall_or_none(row, 7);
        attempt.reserved = {row.integer(8)};
        attempt.model = text(row, 9);
        attempt.provider = text(row, 10);
        attempt.request_id = text(row, 11);
        attempt.price_epoch = text(row, 12);
        attempt.peak = row.integer(13) != 0;
        attempt.usage = {row.integer(14), row.integer(15), row.integer(16), row.integer(17),
                         row.integer(18)};
        attempt.cost = {row.integer(19)};
        attempt.saved_by_cache = {row.integer(20)};
        attempt.saved_by_window = {row.integer(21)};
        attempt.cost_kind = text(row, 22);
        attempt.error_class = text(row, 23);
        attempt.error = text(row, 24);
        each(attempt);
      });
}

Result<std::vector<StoredTurn>> JournalReader::turns(RunId id, std::uint32_t task) {
  std::vector<StoredTurn> turns;
  const std::array<Value, 2> values{id.value, std::int64_t{task}};
  const auto bytes = [](const Row& row, int column) -> Bytes {
    if (row.is_null(column)) return nullptr;
    return std::make_shared<const std::string>(row.text(column));
  };
  auto read = store_->query(
      "SELECT number, a.bytes, r.bytes FROM turn JOIN blob a ON a.id = answer "
      "LEFT JOIN blob r ON r.id = results WHERE run = $1 AND task = $2 ORDER BY number",
      values, [&](const Row& row) {
        turns.push_back({.number = static_cast<std::uint32_t>(row.integer(0)),
                         .answer = bytes(row, 1),
                         .results = bytes(row, 2)});
      });
  if (!read) return std::unexpected(std::move(read.error()));
  read = store_->query(
      "SELECT turn, number, tool, a.bytes, r.bytes, failed, begun_us FROM tool_call "
      "JOIN blob a ON a.id = arguments LEFT JOIN blob r ON r.id = result "
      "WHERE run = $1 AND task = $2 ORDER BY turn, number",
      values, [&](const Row& row) {
        SetToolCall call{.run = id, .task = task};
        call.turn = static_cast<std::uint32_t>(row.integer(0));
        call.number = static_cast<std::uint32_t>(row.integer(1));
        call.tool = text(row, 2);
        call.arguments = bytes(row, 3);
        call.result = bytes(row, 4);
        call.failed = row.integer(5) != 0;
        call.at = wall(row.integer(6));
        for (StoredTurn& turn : turns) {
          if (turn.number == call.turn) turn.calls.push_back(call);
        }
      });
  if (!read) return std::unexpected(std::move(read.error()));
  return turns;
}

Result<std::vector<StoredEvent>> JournalReader::events(RunId id, std::int64_t after,
                                                       std::size_t most) {
  std::vector<StoredEvent> events;
  const std::array<Value, 3> values{id.value, after, static_cast<std::int64_t>(most)};
  auto read = store_->query(
      "SELECT seq, at_us, kind, coalesce(body, '{}'), task FROM event WHERE run = $1 AND seq > $2 "
      "ORDER BY seq LIMIT $3",
      values, [&](const Row& row) {
        StoredEvent event{.seq = row.integer(0),
                          .at = wall(row.integer(1)),
                          .kind = text(row, 2),
                          .body = text(row, 3),
                          .task = std::nullopt};
        if (!row.is_null(4)) event.task = static_cast<std::uint32_t>(row.integer(4));
        events.push_back(std::move(event));
      });
  if (!read) return std::unexpected(std::move(read.error()));
  return events;
}

Result<Bytes> JournalReader::content(std::int64_t row_id) {
  Bytes found;
  const std::array<Value, 1> values{row_id};
  auto read = store_->query("SELECT bytes FROM blob WHERE id = $1", values, [&](const Row& row) {
    found = std::make_shared<const std::string>(row.text(0));
  });
  if (!read) return std::unexpected(std::move(read.error()));
  if (found == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("the journal lacks content {}", row_id));
  }
  return found;
}

}  // namespace tidegate::engine
