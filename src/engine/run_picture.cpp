#include "engine/run_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "engine/journal_reader.h"
#include "engine/journal_tables.h"

namespace tidegate::engine {
namespace {

using store::Row;
using store::Value;

// More attempts than can be told apart on a page.
constexpr std::size_t kMaxSpans = 4000;

WallTime at(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

std::optional<WallTime> at_or_none(const Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(at(row.integer(column)));
}

TaskState task_state(const Row& row, int column) {
  return parse_task_state(row.text(column)).value_or(TaskState::waiting);
}

void widen(PictureTask& task, std::optional<WallTime> began, std::optional<WallTime> ended) {
  if (began) task.started = std::min(task.started.value_or(*began), *began);
  if (ended) task.ended = std::max(task.ended.value_or(*ended), *ended);
  task.ended = end_of(task.started, task.ended);
}

class PictureReader {
 public:
  PictureReader(store::Store& store, RunId run) : store_(store) {
    out_.run = run;
    by_run_ = {Value(run.value)};
  }

  Result<RunPicture> read() {
    for (const auto step :
         {&PictureReader::run, &PictureReader::tasks, &PictureReader::items,
          &PictureReader::attempts, &PictureReader::reused, &PictureReader::spans}) {
      if (Result<void> done = (this->*step)(); !done) return std::unexpected(done.error());
    }
    for (auto& [key, cost] : costs_) out_.costs.push_back(std::move(cost));
    std::ranges::stable_sort(out_.costs, std::greater{},
                             [](const RoleCost& cost) { return cost.totals.cost; });
    for (const auto& [error_class, count] : retries_) out_.retries.push_back({error_class, count});
    std::ranges::stable_sort(out_.retries, std::greater{}, &ErrorCount::count);
    return std::move(out_);
  }

 private:
  Result<void> run() {
    bool is_there = false;
    auto done = store_.query(
        "SELECT name, state, reason, created_us, changed_us, ended_us, budget_nano, b.bytes, "
        "CASE WHEN key LIKE 'sub:%' THEN NULL ELSE parent END FROM run r LEFT JOIN blob b ON b.id "
        "= r.outputs WHERE r.id = $1",
        by_run_, [&](const Row& row) {
          is_there = true;
          out_.name = row.text(0);
          out_.state = parse_run_state(row.text(1)).value_or(RunState::running);
          out_.reason = row.text(2);
          out_.created = at(row.integer(3));
          out_.changed = std::max(out_.created, at(row.integer(4)));
          out_.ended = end_of(out_.created, at_or_none(row, 5));
          if (!row.is_null(6)) out_.budget = NanoDollars{row.integer(6)};
          if (!row.is_null(7)) out_.outputs = row.text(7);
          if (!row.is_null(8)) out_.forked_from = RunId{row.integer(8)};
        });
    if (done && !is_there) {
      return fail(ErrorCode::not_found, fmt::format("there is no run {}", out_.run.text()));
    }
    return done;
  }

  Result<void> tasks() {
    return store_.query(
        "SELECT t.task, id, role, state, error, coalesce(started_us, asked_us), t.ended_us FROM "
        "task "
        "t LEFT JOIN approval a ON a.run = t.run AND a.task = t.task "
        "WHERE t.run = $1 AND parent IS NULL ORDER BY t.task",
        by_run_, [&](const Row& row) {
          index_[row.integer(0)] = out_.tasks.size();
          PictureTask& task = out_.tasks.emplace_back();
          task.id = row.text(1);
          task.role = row.text(2);
          task.state = task_state(row, 3);
          if (!row.is_null(4)) task.error = row.text(4);
          widen(task, at_or_none(row, 5), at_or_none(row, 6));
        });
  }

  PictureTask* task_of(std::int64_t number) {
    const auto found = index_.find(number);
    return found == index_.end() ? nullptr : &out_.tasks[found->second];
  }

  Result<void> items() {
    return store_.query(
        "SELECT parent, state, count(*), min(started_us), max(ended_us), max(error) FROM task "
        "WHERE run = $1 AND parent IS NOT NULL GROUP BY parent, state",
        by_run_, [&](const Row& row) {
          PictureTask* task = task_of(row.integer(0));
          if (task == nullptr) return;
          const auto count = static_cast<std::uint64_t>(row.integer(2));
          const TaskState state = task_state(row, 1);
          task->items.total += count;
          if (state == TaskState::succeeded) {
            task->items.succeeded += count;
          } else if (state == TaskState::failed) {
            task->items.failed += count;
          } else if (has_ended(state)) {
            task->items.other_ended += count;
          } else if (state == TaskState::running) {
            task->items.running += count;
          }
          widen(*task, at_or_none(row, 3), at_or_none(row, 4));
          if (task->error.empty() && !row.is_null(5)) task->error = row.text(5);
        });
  }

  // Those of workflows within are of the tasks that use them.
  Result<void> attempts() {
    constexpr std::string_view kSums =
        "t.role, coalesce(a.model, a.asked_model), a.state, "
        "coalesce(a.peak, 0), coalesce(a.error_class, ''), count(*), "
        "CAST(coalesce(sum(a.prompt), 0) AS BIGINT), CAST(coalesce(sum(a.cached), 0) AS BIGINT), "
        "CAST(coalesce(sum(a.completion), 0) AS BIGINT), "
        "CAST(coalesce(sum(a.reasoning), 0) AS BIGINT), "
        "CAST(coalesce(sum(a.cost_nano), 0) AS BIGINT), "
        "CAST(coalesce(sum(a.saved_by_cache_nano), 0) AS BIGINT), "
        "CAST(coalesce(sum(a.saved_by_window_nano), 0) AS BIGINT), "
        "CAST(sum(a.reserved_nano) AS BIGINT) ";
    const auto add = [&](const Row& row) { add_attempts(row); };
    const auto own = store_.query(
        fmt::format("SELECT coalesce(t.parent, t.task), {}FROM attempt a "
                    "JOIN task t ON t.run = a.run AND t.task = a.task WHERE a.run = $1 "
                    "GROUP BY 1, 2, 3, 4, 5, 6",
                    kSums),
        by_run_, add);
    if (!own) return own;
    const std::array<Value, 2> twice{by_run_[0], by_run_[0]};
    return store_.query(
        fmt::format("{}SELECT coalesce(u.parent, u.task), {}FROM used "
                    "JOIN attempt a ON a.run = used.run "
                    "JOIN task t ON t.run = a.run AND t.task = a.task "
                    "JOIN task u ON u.task = used.task WHERE u.run = $2 GROUP BY 1, 2, 3, 4, 5, 6",
                    kWithUsedRuns, kSums),
        twice, add);
  }

  void add_attempts(const Row& row) {
    AttemptTotals totals;
    const AttemptState state = parse_attempt_state(row.text(3)).value_or(AttemptState::sent);
    totals.attempts = static_cast<std::uint64_t>(row.integer(6));
    totals.usage = {.prompt = row.integer(7),
                    .cached = row.integer(8),
                    .completion = row.integer(9),
                    .reasoning = row.integer(10)};
    totals.cost = {row.integer(11)};
    totals.saved_by_cache = {row.integer(12)};
    totals.saved_by_window = {row.integer(13)};
    if (row.integer(4) != 0) totals.peak_cost = totals.cost;
    if (state == AttemptState::failed) {
      totals.failed = totals.attempts;
      const std::string_view error_class = row.text(5);
      retries_[error_class.empty() ? "other" : std::string(error_class)] += totals.attempts;
    } else if (state == AttemptState::orphaned) {
      totals.orphaned = totals.attempts;
      totals.orphaned_cost = {row.integer(14)};
    }
    if (PictureTask* task = task_of(row.integer(0))) task->totals.add(totals);
    RoleCost& cost = costs_[fmt::format("{}\n{}", row.text(1), row.text(2))];
    cost.role = row.text(1);
    cost.model = row.text(2);
    cost.totals.add(totals);
    out_.totals.add(totals);
  }

  // A list counts as its items, a task with `uses` costs what the runs within it did.
  Result<void> reused() {
    auto read = store_.query(
        "SELECT coalesce(t.parent, t.task), CASE WHEN t.parent IS NULL THEN 1 ELSE 0 END, "
        "count(DISTINCT t.task), "
        "CAST(coalesce(sum(coalesce(a.cost_nano, a.reserved_nano)), 0) AS BIGINT) FROM task t "
        "LEFT JOIN attempt a ON a.run = t.reused_run AND a.task = t.reused_task WHERE t.run = $1 "
        "AND t.reused_run IS NOT NULL AND t.state IN ('succeeded', 'approved', 'rejected') "
        "GROUP BY 1, 2",
        by_run_, [&](const Row& row) {
          PictureTask* task = task_of(row.integer(0));
          if (task == nullptr || (row.integer(1) != 0 && task->items.total > 0)) return;
          task->reused = {static_cast<std::uint64_t>(row.integer(2)), {row.integer(3)}};
          out_.reused.tasks += task->reused.tasks;
          out_.reused.cost += task->reused.cost;
        });
    if (!read) return read;
    // The order of conditions is not given, and other keys have no number.
    return store_.query(
        "WITH RECURSIVE used(run, task) AS (SELECT r.id, coalesce(t.parent, t.task) FROM task t "
        "JOIN run r ON r.parent = t.reused_run AND CASE WHEN r.key LIKE 'sub:%' THEN "
        "CAST(substr(r.key, 20) AS BIGINT) END = t.reused_task WHERE t.run = $1 AND t.state = "
        "'succeeded' UNION ALL SELECT r.id, used.task FROM run r JOIN used ON r.parent = used.run "
        "WHERE r.key LIKE 'sub:%') SELECT used.task, CAST(sum(coalesce(a.cost_nano, "
        "a.reserved_nano)) AS BIGINT) FROM used JOIN attempt a ON a.run = used.run GROUP BY 1",
        by_run_, [&](const Row& row) {
          PictureTask* task = task_of(row.integer(0));
          if (task == nullptr) return;
          task->reused.cost += {row.integer(1)};
          out_.reused.cost += {row.integer(1)};
        });
  }

  Result<void> spans() {
    const std::string sql = fmt::format(
        "SELECT a.task, a.sent_us, a.done_us, a.state FROM attempt a "
        "JOIN task t ON t.run = a.run AND t.task = a.task "
        "WHERE a.run = $1 AND t.parent IS NULL ORDER BY a.task, a.number LIMIT {}",
        kMaxSpans);
    return store_.query(sql, by_run_, [&](const Row& row) {
      PictureTask* task = task_of(row.integer(0));
      if (task == nullptr) return;
      const WallTime begin = at(row.integer(1));
      const WallTime end = std::max(begin, at_or_none(row, 2).value_or(out_.changed));
      task->spans.push_back(
          {begin, end, parse_attempt_state(row.text(3)).value_or(AttemptState::sent)});
    });
  }

  store::Store& store_;
  std::array<Value, 1> by_run_;
  RunPicture out_;
  std::unordered_map<std::int64_t, std::size_t> index_;  // of a task's number
  std::map<std::string, RoleCost> costs_;
  std::map<std::string, std::uint64_t> retries_;
};

}  // namespace

void AttemptTotals::add(const AttemptTotals& other) {
  attempts += other.attempts;
  failed += other.failed;
  orphaned += other.orphaned;
  usage += other.usage;
  cost += other.cost;
  peak_cost += other.peak_cost;
  orphaned_cost += other.orphaned_cost;
  saved_by_cache += other.saved_by_cache;
  saved_by_window += other.saved_by_window;
}

std::uint64_t RunPicture::succeeded() const {
  std::uint64_t count = 0;
  for (const PictureTask& task : tasks) {
    const bool is_good = task.state == TaskState::succeeded || task.state == TaskState::approved;
    count += task.items.total > 0 ? task.items.succeeded : (is_good ? 1 : 0);
  }
  return count;
}

std::uint64_t RunPicture::failed() const {
  std::uint64_t count = 0;
  for (const PictureTask& task : tasks) {
    count += task.items.total > 0 ? task.items.failed : (task.state == TaskState::failed ? 1 : 0);
  }
  return count;
}

Result<RunPicture> read_picture(store::Store& store, RunId run,
                                const workflow::Workflow* workflow) {
  Result<RunPicture> picture = PictureReader(store, run).read();
  if (!picture || workflow == nullptr) return picture;
  // The journal numbers them as the file does.
  const std::size_t count = std::min(picture->tasks.size(), workflow->tasks.size());
  for (std::size_t i = 0; i < count; ++i) picture->tasks[i].needs = workflow->tasks[i].needs;
  return picture;
}

}  // namespace tidegate::engine
