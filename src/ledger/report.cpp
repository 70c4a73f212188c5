#include "ledger/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <span>

#include "json/escape.h"
#include "ledger/journal.h"
#include "ledger/ledger_schema.h"
#include "ledger/ledger_state.h"
#include "ledger/report_groups.h"
#include "ledger/rollup.h"
#include "ledger/rollup_text.h"
#include "ledger/task_rows.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr std::array kGroups{GroupBy::model, GroupBy::provider, GroupBy::route,  GroupBy::role,
                             GroupBy::key,   GroupBy::tenant,   GroupBy::client, GroupBy::task,
                             GroupBy::day,   GroupBy::hour};
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::min();

std::int64_t micros(WallTime at) {
  return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::int64_t days_up(std::int64_t hour) { return hour / 24 + (hour % 24 > 0 ? 1 : 0); }
std::int64_t days_down(std::int64_t hour) { return hour / 24 - (hour % 24 < 0 ? 1 : 0); }

// Half open; empty where it ends before it begins.
struct Range {
  std::int64_t from = kAlways, until = kNever;
  [[nodiscard]] bool empty() const { return from >= until; }
  [[nodiscard]] bool holds(std::int64_t at) const { return at >= from && at < until; }
};

// What is read from where. Whole hours lie in roll-ups; what is left of the range at either end is
// added up from records.
struct Plan {
  Range hours;                 // since 1970 UTC
  std::array<Range, 2> edges;  // microseconds
};

Plan plan_of(const Range& range, bool by_rollups) {
  Plan plan{.hours = {0, 0}, .edges = {range, {0, 0}}};
  if (!by_rollups) return plan;
  const std::int64_t first =
      range.from == kAlways ? kAlways : hour_of(range.from + kMicrosPerHour - 1);
  const std::int64_t end = range.until == kNever ? kNever : hour_of(range.until);
  if (first > end) return plan;
  plan.hours = {first, end};
  plan.edges[0] = {range.from, first == kAlways ? kAlways : first * kMicrosPerHour};
  plan.edges[1] = {end == kNever ? kNever : end * kMicrosPerHour, range.until};
  return plan;
}

// Reads one ledger for one report.
class Reading {
 public:
  Reading(const Query& query, Report& report)
      : query_(query), report_(report), groups_(*held_groups_) {
    if (query.since) range_.from = micros(*query.since);
    if (query.until) range_.until = micros(*query.until);
  }

  // Takes out of `journaled` what the store has.
  Result<void> add_store(store::Store& store, const std::string& name,
                         std::map<std::int64_t, Segment>& journaled);
  Result<void> add_segment(std::string_view labels_text, std::string_view records_text,
                           std::span<const Range> ranges);
  void finish() {
    std::vector<std::uint32_t> shown = groups_.finish(report_);
    report_.rows = ReportRows(std::move(held_groups_), std::move(shown));
  }
  [[nodiscard]] const Range& range() const { return range_; }

 private:
  [[nodiscard]] bool hours_suffice() const;
  Result<void> check_deleted(store::Store& store, const Plan& plan);
  Result<void> add_records(store::Store& store, const Plan& plan);
  Result<void> read_label_sets(store::Store& store);
  Result<void> add_rollups(store::Store& store, const Range& hours);
  // each(when the row's hour or day began, its text): false if that is damaged.
  Result<void> each_row(store::Store& store, RollupKind kind, const Range& buckets,
                        const std::function<bool(std::int64_t, std::string_view)>& each);
  // Absent: of no label set of the ledger. Absent within: filtered out.
  [[nodiscard]] const std::optional<Groups::LabelGroup>* label_group(std::int64_t set) const;
  Result<void> add_rows(store::Store& store, RollupKind kind, const Range& buckets);
  Result<void> add_tasks(store::Store& store, const Range& hours);

  const Query& query_;
  Report& report_;
  std::shared_ptr<Groups> held_groups_ = std::make_shared<Groups>(query_);
  Groups& groups_;
  Range range_;
  std::vector<std::optional<Groups::LabelGroup>> label_sets_;  // by id; absent: filtered out
};

bool Reading::hours_suffice() const {
  if (query_.reprice) return false;
  const bool by_time = std::ranges::any_of(
      query_.by, [](GroupBy by) { return by == GroupBy::day || by == GroupBy::hour; });
  if (!by_time) return true;
  constexpr WallTime kEarliest{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};
  const WallTime from = query_.since.value_or(kEarliest);
  return query_.zone.has_whole_hours(from, query_.until.value_or(from + 24h * 365 * 50));
}

Result<void> Reading::check_deleted(store::Store& store, const Plan& plan) {
  const auto before = read_state(store, state::kDeletedBefore);
  if (!before) return std::unexpected(before.error());
  if (!*before) return {};
  const std::string when = format_rfc3339(WallTime{std::chrono::microseconds{**before}});
  for (const Range& edge : plan.edges) {
    if (edge.empty() || edge.from >= **before) continue;
    if (plan.hours.empty() && edge.from <= range_.from) {
      report_.notes.push_back(
          fmt::format("Records that began before {} are deleted and left out here.", when));
      continue;
    }
    return fail(ErrorCode::invalid,
                fmt::format("records that began before {} are deleted, and what is kept of them "
                            "are sums per hour; give whole hours of UTC",
                            when),
                edge.from == range_.from ? "since" : "until");
  }
  return {};
}

Result<void> Reading::add_segment(std::string_view labels_text, std::string_view records_text,
                                  std::span<const Range> ranges) {
  const auto labels = read_labels(labels_text);
  if (!labels) return std::unexpected(labels.error());
  std::vector<std::optional<Groups::LabelGroup>> groups;
  for (const Label& label : *labels) groups.push_back(groups_.label_group(label));
  return read_records(records_text, labels->size(), [&](const Entry& entry) {
    const auto& group = groups[entry.label];
    if (!group) return;
    for (const Range& range : ranges) {
      if (range.holds(entry.started_us)) groups_.add(*group, (*labels)[entry.label], entry);
    }
  });
}

Result<void> Reading::add_records(store::Store& store, const Plan& plan) {
  const auto longest = read_state(store, state::kLongest);
  if (!longest) return std::unexpected(longest.error());
  for (const Range& edge : plan.edges) {
    if (edge.empty()) continue;
    const std::int64_t span = longest->value_or(0);
    const std::int64_t last = edge.until > kNever - span ? kNever : edge.until + span;
    Result<void> added;
    const std::array<store::Value, 3> values{edge.from, last, edge.until};
    auto read = store.query(
        "SELECT labels, records FROM segment"
        " WHERE last_us >= $1 AND last_us <= $2 AND first_us < $3",
        values, [&](const store::Row& row) {
          if (added) added = add_segment(row.text(0), row.text(1), std::span(&edge, 1));
        });
    if (!read) return read;
    if (!added) return added;
  }
  return {};
}

Result<void> Reading::read_label_sets(store::Store& store) {
  Result<void> good;
  auto read = store.query("SELECT id, labels FROM label_set", {}, [&](const store::Row& row) {
    const auto labels = read_labels(fmt::format("[{}]", row.text(1)));
    const auto id = static_cast<std::size_t>(row.integer(0));
    if (!labels || labels->size() != 1 || row.integer(0) < 0) {
      good = fail(ErrorCode::invalid, "a label set of the ledger is damaged");
      return;
    }
    if (id >= label_sets_.size()) label_sets_.resize(id + 1);
    label_sets_[id] = groups_.label_group(labels->front());
  });
  return read ? good : read;
}

Result<void> Reading::each_row(store::Store& store, RollupKind kind, const Range& buckets,
                               const std::function<bool(std::int64_t, std::string_view)>& each) {
  if (buckets.empty()) return {};
  const std::int64_t micros_per_bucket =
      kind == RollupKind::day ? 24 * kMicrosPerHour : kMicrosPerHour;
  bool good = true;
  const std::array<store::Value, 3> values{static_cast<std::int64_t>(kind), buckets.from,
                                           buckets.until};
  auto read = store.query(
      "SELECT bucket, sums FROM rollup WHERE kind = $1 AND bucket >= $2 AND bucket < $3", values,
      [&](const store::Row& row) {
        good = good && each(row.integer(0) * micros_per_bucket, row.text(1));
      });
  if (read && !good) return fail(ErrorCode::invalid, "a roll-up of the ledger is damaged");
  return read;
}

const std::optional<Groups::LabelGroup>* Reading::label_group(std::int64_t set) const {
  const auto at = static_cast<std::size_t>(set);
  return at < label_sets_.size() ? &label_sets_[at] : nullptr;
}

Result<void> Reading::add_rows(store::Store& store, RollupKind kind, const Range& buckets) {
  return each_row(store, kind, buckets, [&](std::int64_t at_us, std::string_view text) {
    Groups::Part part{.at_us = at_us, .task = {}};
    RollupCursor cursor(text, false);
    for (RollupEntry entry; cursor.next(entry);) {
      const auto* const group = label_group(entry.label_set);
      if (group == nullptr) return false;
      if (!*group) continue;
      part.label = **group;
      groups_.add(part, entry.sums);
    }
    return !cursor.damaged();
  });
}

// Some entries are read before they are added: the tables of tasks are larger than a processor's
// caches, and what is looked up comes meanwhile.
Result<void> Reading::add_tasks(store::Store& store, const Range& hours) {
  std::string plain;
  std::array<RollupEntry, 32> entries;
  return each_row(store, RollupKind::task, hours, [&](std::int64_t at_us, std::string_view text) {
    Groups::Part part{.at_us = at_us, .task = {}};
    TaskRowReader reader(text);
    while (const std::size_t count = reader.next(entries)) {
      for (const RollupEntry& entry : std::span(entries).first(count)) {
        groups_.expect(entry.task);
      }
      for (const RollupEntry& entry : std::span(entries).first(count)) {
        const auto* const group = label_group(entry.label_set);
        if (group == nullptr) return false;
        if (!*group) continue;
        part.label = **group;
        part.task = entry.task;
        if (entry.task.contains('\\')) {
          plain = json::unescape(entry.task).value_or(std::string(entry.task));
          part.task = plain;
        }
        part.last_us = entry.last_us;
        part.last_ok = entry.last_ok != 0;
        groups_.move_to_task(part, entry.sums);
      }
    }
    return !reader.damaged();
  });
}

Result<void> Reading::add_rollups(store::Store& store, const Range& hours) {
  if (hours.empty()) return {};
  if (auto read = read_label_sets(store); !read) return read;
  // Days of UTC serve who needs no hours.
  const bool by_hour = std::ranges::find(query_.by, GroupBy::hour) != query_.by.end();
  const bool by_day = std::ranges::find(query_.by, GroupBy::day) != query_.by.end();
  Range days{0, 0};
  if (!by_hour && (!by_day || query_.zone.name() == "UTC")) {
    days = {hours.from == kAlways ? kAlways : days_up(hours.from),
            hours.until == kNever ? kNever : days_down(hours.until)};
  }
  Result<void> added;
  if (days.empty()) {
    added = add_rows(store, RollupKind::hour, hours);
  } else {
    added = add_rows(store, RollupKind::day, days);
    if (added && hours.from != kAlways) {
      added = add_rows(store, RollupKind::hour, {hours.from, days.from * 24});
    }
    if (added && hours.until != kNever) {
      added = add_rows(store, RollupKind::hour, {days.until * 24, hours.until});
    }
  }
  if (added && groups_.needs_tasks()) added = add_tasks(store, hours);
  return added;
}

Result<void> Reading::add_store(store::Store& store, const std::string& name,
                                std::map<std::int64_t, Segment>& journaled) {
  if (auto begun = store.begin_reading(); !begun) return begun;
  const auto rolls_up = has_rollups(store);
  if (!rolls_up) return std::unexpected(rolls_up.error());
  if (!*rolls_up) {
    const auto empty = store.is_empty();
    if (!empty) return std::unexpected(empty.error());
    if (*empty) return {};
    return fail(ErrorCode::invalid, fmt::format("{} is a database, but not a ledger", name));
  }
  for (auto segment = journaled.begin(); segment != journaled.end();) {
    bool stored = false;
    const std::array<store::Value, 1> values{segment->first};
    auto read = store.query("SELECT 1 FROM segment WHERE id = $1", values,
                            [&](const store::Row&) { stored = true; });
    if (!read) return read;
    segment = stored ? journaled.erase(segment) : std::next(segment);
  }
  if (!**rolls_up) {  // of an earlier version, and nobody has brought it up to this one yet
    Result<void> added;
    auto read = store.query("SELECT labels, records FROM segment", {}, [&](const store::Row& row) {
      if (added) added = add_segment(row.text(0), row.text(1), std::span(&range_, 1));
    });
    return read ? added : read;
  }
  const auto behind = read_state(store, state::kRollUpUntil);
  if (!behind) return std::unexpected(behind.error());
  const Plan plan = plan_of(range_, !*behind && hours_suffice());
  if (auto checked = check_deleted(store, plan); !checked) return checked;
  if (auto added = add_records(store, plan); !added) return added;
  return add_rollups(store, plan.hours);
}

}  // namespace

std::string_view name(GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return "model";
    case GroupBy::provider:
      return "provider";
    case GroupBy::route:
      return "route";
    case GroupBy::role:
      return "role";
    case GroupBy::key:
      return "key";
    case GroupBy::tenant:
      return "tenant";
    case GroupBy::client:
      return "client";
    case GroupBy::task:
      return "task";
    case GroupBy::day:
      return "day";
    case GroupBy::hour:
      return "hour";
  }
  return "unknown";
}

std::optional<GroupBy> parse_group_by(std::string_view text) {
  const auto* const found = std::ranges::find(kGroups, text, [](GroupBy by) { return name(by); });
  return found == kGroups.end() ? std::nullopt : std::optional(*found);
}

std::string group_names() {
  std::string names;
  for (const GroupBy by : kGroups) {
    if (!names.empty()) names += by == kGroups.back() ? " or " : ", ";
    names += name(by);
  }
  return names;
}

std::string_view name_in(const Label& label, GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return label.model;
    case GroupBy::provider:
      return label.provider;
    case GroupBy::route:
      return label.route;
    case GroupBy::role:
      return label.role;
    case GroupBy::key:
      return label.key;
    case GroupBy::tenant:
      return label.tenant;
    case GroupBy::client:
      return label.client;
    case GroupBy::task:
    case GroupBy::day:
    case GroupBy::hour:
      break;
  }
  return {};
}

LedgerPlace sqlite_ledger(std::string path, std::string journal) {
  auto open = [path](const WhileWaiting&) {
    return store::open_sqlite({.path = path, .read_only = true});
  };
  return {std::move(open), std::move(journal), std::move(path)};
}

Result<Report> run_report(const LedgerPlace& place, const Query& query) {
  // First the journal: what is loaded in between is then found twice, not missed.
  std::map<std::int64_t, Segment> journaled;
  auto waiting = read_journal(place.journal);
  if (!waiting) return std::unexpected(waiting.error());
  for (Segment& segment : *waiting) journaled[segment.id] = std::move(segment);
  Report report;
  Reading reading(query, report);
  auto store = place.open({});
  if (store) {
    if (auto added = reading.add_store(**store, place.name, journaled); !added) {
      return std::unexpected(added.error());
    }
  } else if (store.error().code != ErrorCode::not_found) {
    return std::unexpected(store.error());
  } else if (journaled.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no ledger at {}: `tidegate serve` makes it with its first "
                            "request",
                            place.name));
  }
  for (const auto& [id, segment] : journaled) {
    if (auto added =
            reading.add_segment(segment.labels, segment.records, std::span(&reading.range(), 1));
        !added) {
      return std::unexpected(added.error());
    }
  }
  reading.finish();
  report.query = query;
  return report;
}

Result<void> each_record(const LedgerPlace& place, const Query& query,
                         const std::function<void(const Label&, const Entry&)>& each) {
  Query every = query;
  every.reprice = [&](const Label& label, const Entry& entry) {
    each(label, entry);
    return entry.cost;
  };
  auto report = run_report(place, every);
  if (!report) return std::unexpected(report.error());
  return {};
}

std::optional<NanoDollars> cost_per(const Sums& sums, std::int64_t parts) {
  if (parts <= 0 || sums[Measure::unpriced] != 0) return std::nullopt;
  return NanoDollars{(sums[Measure::cost] + parts / 2) / parts};
}

}  // namespace tidegate::ledger
