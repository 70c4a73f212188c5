#include "ledger/rollup.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "json/escape.h"
#include "json/writer.h"
#include "ledger/ledger_state.h"
#include "ledger/rollup_text.h"
#include "ledger/task_rows.h"

namespace tidegate::ledger {
namespace {

using Place = std::pair<std::int64_t, std::int64_t>;  // hour or day, label set

constexpr std::size_t kMostKnown = 20'000;            // label texts; then it begins anew
constexpr std::size_t kTaskBytesPerRow = 128u << 10;  // a row with more is left as it is
constexpr std::int64_t kSegmentsPerStep = 200;

constexpr std::string_view kSave =
    "INSERT INTO rollup (kind, bucket, shard, sums) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (kind, bucket, shard) DO UPDATE SET sums = excluded.sums";

std::int64_t day_of(std::int64_t hour) { return hour / 24 - (hour % 24 < 0 ? 1 : 0); }

// The text in one column of the only row; empty: there is none.
Result<std::string> find_text(store::Store& store, std::string_view sql,
                              std::span<const store::Value> values) {
  std::string text;
  auto read = store.query(sql, values, [&](const store::Row& row) { text = row.text(0); });
  if (!read) return std::unexpected(read.error());
  return text;
}

std::unexpected<Error> damaged_rollup() {
  return fail(ErrorCode::invalid, "a roll-up of the ledger is damaged");
}

Result<void> save_row(store::Store& store, RollupKind kind, std::int64_t bucket, std::int64_t shard,
                      std::string_view sums) {
  const std::array<store::Value, 4> values{static_cast<std::int64_t>(kind), bucket, shard, sums};
  auto saved = store.run(kSave, values);
  if (!saved) return std::unexpected(saved.error());
  return {};
}

}  // namespace

std::string label_set_of(const Label& label) {
  std::string out;
  json::Writer json(out);
  json.begin_object();
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.member(name, value);
  };
  text("model", label.model);
  text("provider", label.provider);
  text("route", label.route);
  text("role", label.role);
  text("key", label.key);
  text("tenant", label.tenant);
  text("client", label.client);
  json.end_object();
  return out;
}

Result<std::int64_t> Rollup::id_of(store::Store& store, const std::string& labels) {
  std::int64_t id = 0;
  const std::array<store::Value, 1> values{std::string_view(labels)};
  const auto take = [&](const store::Row& row) { id = row.integer(0); };
  auto read = store.query("SELECT id FROM label_set WHERE labels = $1", values, take);
  if (read && id == 0) {
    read = store.query("INSERT INTO label_set (labels) VALUES ($1) RETURNING id", values, take);
  }
  if (!read) return std::unexpected(read.error());
  return id;
}

Result<Rollup::LabelSet> Rollup::find(store::Store& store, std::string_view label) {
  if (const auto found = known_.find(label); found != known_.end()) return found->second;
  std::string list = "[";
  list.append(label).append("]");
  const auto read = read_labels(list);
  if (!read) return std::unexpected(read.error());
  if (read->size() != 1) return fail(ErrorCode::invalid, "a segment of the ledger is damaged");
  const auto id = id_of(store, label_set_of(read->front()));
  if (!id) return std::unexpected(id.error());
  if (known_.size() >= kMostKnown) known_.clear();
  const LabelSet set{*id, flags_of(read->front())};
  known_.emplace(label, set);
  return set;
}

Result<void> Rollup::add(store::Store& store, const Segment& segment) {
  const std::string_view labels = segment.labels;
  for (const LabelTally& tally : segment.tallies) {
    if (tally.begin > tally.end || tally.end > labels.size()) {
      return fail(ErrorCode::invalid, "a segment of the ledger is damaged");
    }
    const auto set = find(store, labels.substr(tally.begin, tally.end - tally.begin));
    if (!set) return std::unexpected(set.error());
    hours_[{tally.hour, set->id}] += sums_of(tally.tally, set->flags);
  }
  return segment.has_tasks ? add_tasks(store, segment) : Result<void>{};
}

Result<void> Rollup::add_tasks(store::Store& store, const Segment& segment) {
  const auto labels = read_labels(segment.labels);
  if (!labels) return std::unexpected(labels.error());
  std::vector<LabelSet> sets;
  for (const Label& label : *labels) {
    const auto set =
        find(store, std::string_view(segment.labels).substr(label.begin, label.end - label.begin));
    if (!set) return std::unexpected(set.error());
    sets.push_back(*set);
  }
  std::string task;
  return read_records(segment.records, labels->size(), [&](const Entry& entry) {
    if (entry.task.empty()) return;
    const LabelSet& set = sets[entry.label];
    task.clear();
    json::append_escaped(task, entry.task);
    TaskSums& sums = tasks_[{hour_of(entry.started_us), set.id, task}];
    sums.sums += sums_of(tally_of(entry), set.flags);
    if (set.flags.last) sums.saw_request(entry.started_us, set.flags.ok);
  });
}

Result<void> Rollup::save(store::Store& store) {
  std::map<Place, Sums> days;
  for (const auto& [place, sums] : hours_) days[{day_of(place.first), place.second}] += sums;
  auto saved = save_rows(store, RollupKind::hour, hours_);
  if (saved) saved = save_rows(store, RollupKind::day, days);
  if (saved) saved = save_tasks(store);
  hours_.clear();
  tasks_.clear();
  return saved;
}

Result<void> Rollup::save_rows(store::Store& store, RollupKind kind,
                               const std::map<Place, Sums>& sums) {
  for (auto first = sums.begin(); first != sums.end();) {
    const std::int64_t bucket = first->first.first;
    const std::int64_t shard = first->first.second / kLabelSetsPerRow;
    const auto end = sums.lower_bound({bucket, (shard + 1) * kLabelSetsPerRow});
    const std::array<store::Value, 3> place{static_cast<std::int64_t>(kind), bucket, shard};
    const auto before = find_text(
        store, "SELECT sums FROM rollup WHERE kind = $1 AND bucket = $2 AND shard = $3", place);
    if (!before) return std::unexpected(before.error());
    // Both are in the order of their label sets.
    std::string text;
    RollupEntry entry;
    auto next = first;
    const auto append_until = [&](std::int64_t id) {
      for (; next != end && next->first.second < id; ++next) {
        append_entry(text, next->first.second, next->second);
      }
    };
    RollupCursor cursor(*before, false);
    while (cursor.next(entry)) {
      append_until(entry.label_set);
      if (next != end && next->first.second == entry.label_set) entry.sums += (next++)->second;
      append_entry(text, entry.label_set, entry.sums);
    }
    if (cursor.damaged()) return damaged_rollup();
    append_until((shard + 1) * kLabelSetsPerRow);
    finish_entries(text);
    if (auto saved = save_row(store, kind, bucket, shard, text); !saved) return saved;
    first = end;
  }
  return {};
}

// Tasks come and go, so that the last row of an hour is filled, and then the next begun.
Result<void> Rollup::save_tasks(store::Store& store) {
  for (auto next = tasks_.begin(); next != tasks_.end();) {
    const std::int64_t hour = std::get<0>(next->first);
    std::int64_t shard = 0;
    std::string before;
    const std::array<store::Value, 2> place{static_cast<std::int64_t>(RollupKind::task), hour};
    auto read = store.query(
        "SELECT shard, sums FROM rollup WHERE kind = $1 AND bucket = $2 ORDER BY shard DESC"
        " LIMIT 1",
        place, [&](const store::Row& row) {
          shard = row.integer(0);
          before = row.text(1);
        });
    if (!read) return read;
    if (before.size() > kTaskBytesPerRow) {
      ++shard;
      before.clear();
    }
    std::vector<RollupEntry> entries;
    std::array<RollupEntry, 64> read_now;
    TaskRowReader reader(before);
    while (const std::size_t count = reader.next(read_now)) {
      for (const RollupEntry& entry : std::span(read_now).first(count)) {
        const auto found = tasks_.find({hour, entry.label_set, std::string(entry.task)});
        if (found == tasks_.end()) {
          entries.push_back(entry);
        } else {
          found->second +=
              TaskSums{.sums = entry.sums, .last_us = entry.last_us, .last_ok = entry.last_ok != 0};
        }
      }
    }
    if (reader.damaged()) return damaged_rollup();
    for (; next != tasks_.end() && std::get<0>(next->first) == hour; ++next) {
      const TaskSums& sums = next->second;
      entries.push_back({.label_set = std::get<1>(next->first),
                         .task = std::get<2>(next->first),
                         .last_us = sums.last_us,
                         .last_ok = sums.last_ok ? 1 : 0,
                         .sums = sums.sums});
    }
    const std::string text = task_row(entries);
    if (auto saved = save_row(store, RollupKind::task, hour, shard, text); !saved) return saved;
  }
  return {};
}

Result<bool> roll_up_older(store::Store& store, Rollup& rollup) {
  const auto until = read_state(store, state::kRollUpUntil);
  if (!until) return std::unexpected(until.error());
  if (!*until) return false;
  auto from = read_state(store, state::kRolledUp);
  if (!from) return std::unexpected(from.error());
  std::int64_t last = from->value_or(INT64_MIN);
  std::int64_t taken = 0;
  const std::array<store::Value, 3> range{last, **until, kSegmentsPerStep};
  std::vector<Segment> segments;
  auto read = store.query(
      "SELECT id, labels, records, count FROM segment WHERE id > $1 AND id <= $2 ORDER BY id LIMIT "
      "$3",
      range, [&](const store::Row& row) {
        Segment& segment = segments.emplace_back();
        segment.id = last = row.integer(0);
        segment.labels = row.text(1);
        segment.records = row.text(2);
        segment.count = row.integer(3);
        ++taken;
      });
  if (!read) return std::unexpected(read.error());
  for (Segment& segment : segments) {
    if (!count(segment)) continue;  // damaged: reports that need its records say so
    if (auto done = rollup.add(store, segment); !done) return std::unexpected(done.error());
  }
  auto saved = rollup.save(store);
  const bool more = taken == kSegmentsPerStep;
  if (saved && more) saved = write_state(store, state::kRolledUp, last);
  if (saved && !more) saved = erase_state(store, state::kRolledUp);
  if (saved && !more) saved = erase_state(store, state::kRollUpUntil);
  if (!saved) return std::unexpected(saved.error());
  return more;
}

Result<void> forget_rollups(store::Store& store) {
  return store.execute(
      "DELETE FROM rollup;"
      "DELETE FROM ledger_state WHERE name IN ('roll_up_until', 'rolled_up');"
      "INSERT INTO ledger_state (name, value)"
      " SELECT 'roll_up_until', max(id) FROM segment HAVING count(*) > 0");
}

}  // namespace tidegate::ledger
