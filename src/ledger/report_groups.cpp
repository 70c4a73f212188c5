#include "ledger/report_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace tidegate::ledger {
namespace {

using std::chrono::microseconds;

constexpr std::array kLabelGroups{GroupBy::model, GroupBy::provider, GroupBy::route, GroupBy::role,
                                  GroupBy::key,   GroupBy::tenant,   GroupBy::client};

bool is_time(GroupBy by) { return by == GroupBy::day || by == GroupBy::hour; }

bool holds(const Filter& filter, std::string_view name) {
  return std::ranges::find(filter.names, name) != filter.names.end();
}

WallTime wall(std::int64_t us) { return WallTime{microseconds{us}}; }

}  // namespace

Groups::Groups(const Query& query) : query_(query) {
  for (const GroupBy by : query.by) {
    if (is_time(by)) time_ = by;
    by_task_ = by_task_ || by == GroupBy::task;
  }
  // A report by day and hour has one row per hour, whose day follows.
  if (std::ranges::find(query.by, GroupBy::hour) != query.by.end()) time_ = GroupBy::hour;
  of_task_ = task_filter();
  needs_tasks_ = by_task_ || query.tasks || of_task_ != nullptr;
}

const Filter* Groups::task_filter() const {
  const auto found = std::ranges::find(query_.filters, GroupBy::task, &Filter::by);
  return found == query_.filters.end() ? nullptr : &*found;
}

std::uint32_t Groups::number(Names& names, std::string_view name) {
  const auto found = names.find(name);
  if (found != names.end()) return found->second;
  return names.emplace(name, static_cast<std::uint32_t>(names.size())).first->second;
}

std::optional<Groups::LabelGroup> Groups::label_group(const Label& label) {
  for (const Filter& filter : query_.filters) {
    if (filter.by != GroupBy::task && !holds(filter, name_in(label, filter.by)))
      return std::nullopt;
  }
  std::string names;
  for (const GroupBy by : query_.by) {
    if (std::ranges::find(kLabelGroups, by) == kLabelGroups.end()) continue;
    names.append(name_in(label, by)).push_back('\0');
  }
  return number(label_names_, names);
}

// The start of the day or hour, in microseconds; hours that clocks repeat are two.
std::int64_t Groups::time_of(std::int64_t at_us) {
  if (!time_) return 0;
  const std::int64_t hour = hour_of(at_us);
  if (hour == hour_ && whole_hours_) return hour_time_;
  const WallTime at = wall(at_us);
  const std::int64_t offset =
      std::chrono::duration_cast<microseconds>(query_.zone.offset(at)).count();
  hour_ = hour;
  whole_hours_ =
      offset % kMicrosPerHour == 0 && query_.zone.offset(wall(hour * kMicrosPerHour)) ==
                                          query_.zone.offset(wall((hour + 1) * kMicrosPerHour - 1));
  if (*time_ == GroupBy::hour) {
    hour_time_ = hour_of(at_us + offset) * kMicrosPerHour - offset;
  } else {
    hour_time_ =
        std::chrono::floor<microseconds>(query_.zone.start(query_.zone.day(at)).time_since_epoch())
            .count();
  }
  return hour_time_;
}

std::string Groups::time_text(std::int64_t time) const {
  const std::chrono::seconds offset = query_.zone.offset(wall(time));
  const std::string local = format_rfc3339(wall(time) + offset);
  if (*time_ == GroupBy::day) {
    const auto day = query_.zone.day(wall(time)).time_since_epoch();
    return format_rfc3339(WallTime{day}).substr(0, 10);
  }
  if (offset == 0s) return local.substr(0, 16) + "Z";
  const auto minutes = std::abs(std::chrono::duration_cast<std::chrono::minutes>(offset).count());
  return fmt::format("{}{}{:02}:{:02}", local.substr(0, 16), offset < 0s ? '-' : '+', minutes / 60,
                     minutes % 60);
}

std::uint32_t Groups::group_at(const Key& key) {
  if (key == last_key_ && last_group_ != UINT32_MAX) return last_group_;
  const auto [found, added] = index_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
  if (added) {
    groups_.emplace_back();
    keys_.push_back(key);
  }
  last_key_ = key;
  return last_group_ = found->second;
}

// The group of a part; absent: a filter leaves its task out.
std::optional<std::uint32_t> Groups::place(const Part& part) {
  if (of_task_ != nullptr && !holds(*of_task_, part.task)) return std::nullopt;
  Key key{.label = part.label, .task = 0, .time = time_of(part.at_us)};
  std::uint32_t task = 0;
  if (needs_tasks_) task = number(task_names_, part.task);
  if (by_task_) key.task = task;
  const std::uint32_t group = group_at(key);
  if (needs_tasks_ && !part.task.empty()) {
    Last& last = tasks_[{group, task}];
    if (part.last_us >= last.us) last = {part.last_us, part.last_ok};
  }
  return group;
}

void Groups::add(const Part& part, const Sums& sums) {
  if (const auto group = place(part)) groups_[*group].sums += sums;
}

void Groups::move_to_task(const Part& part, const Sums& sums) {
  if (const auto group = place(part)) groups_[*group].sums += sums;
  if (const auto none =
          place({.label = part.label, .at_us = part.at_us, .task = {}, .last_us = 0})) {
    groups_[*none].sums -= sums;
  }
}

void Groups::add(LabelGroup label_group, const Label& label, const Entry& entry) {
  const LabelFlags flags = flags_of(label);
  const auto index = place({.label = label_group,
                            .at_us = entry.started_us,
                            .task = entry.task,
                            .last_us = flags.last ? entry.started_us : 0,
                            .last_ok = flags.last && flags.ok});
  if (!index) return;
  Group& group = groups_[*index];
  group.sums += sums_of(tally_of(entry), flags);
  if (!query_.reprice) return;
  if (const auto cost = query_.reprice(label, entry)) {
    group.repriced += *cost;
  } else {
    ++group.repriced_unknown;
  }
}

void Groups::finish(Report& report) {
  std::vector<std::string_view> labels(label_names_.size());
  for (const auto& [names, number] : label_names_) labels[number] = names;
  std::vector<std::string_view> tasks(task_names_.size());
  for (const auto& [name, number] : task_names_) tasks[number] = name;

  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].sums[Measure::attempts] != 0) order.push_back(i);
  }
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    if (keys_[a].time != keys_[b].time) return keys_[a].time < keys_[b].time;
    const std::int64_t cost_a = groups_[a].sums[Measure::cost];
    const std::int64_t cost_b = groups_[b].sums[Measure::cost];
    if (cost_a != cost_b) return cost_a > cost_b;
    if (keys_[a].label != keys_[b].label) return labels[keys_[a].label] < labels[keys_[b].label];
    return by_task_ && tasks[keys_[a].task] < tasks[keys_[b].task];
  };
  const std::size_t shown = query_.top == 0 ? order.size() : std::min(query_.top, order.size());
  if (shown < order.size()) {
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), before);
  } else {
    std::ranges::sort(order, before);
  }
  report.left_out = order.size() - shown;

  std::vector<ReportRow> rows(groups_.size());  // in the order of groups_, without names
  std::unordered_map<std::uint32_t, Last> all;  // by task, over all groups
  for (const auto& [key, last] : tasks_) {
    ++rows[key.group].tasks;
    rows[key.group].succeeded_tasks += last.ok ? 1 : 0;
    Last& latest = all[key.task];
    if (last.us >= latest.us) latest = last;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].sums = groups_[i].sums;
    rows[i].repriced = groups_[i].repriced;
    rows[i].repriced_unknown = groups_[i].repriced_unknown;
    report.total.sums += rows[i].sums;
    report.total.repriced += rows[i].repriced;
    report.total.repriced_unknown += rows[i].repriced_unknown;
  }
  report.total.tasks = static_cast<std::int64_t>(all.size());
  for (const auto& [task, last] : all) report.total.succeeded_tasks += last.ok ? 1 : 0;

  for (const std::uint32_t index : std::span(order).first(shown)) {
    ReportRow& row = report.rows.emplace_back(std::move(rows[index]));
    std::string_view names = labels[keys_[index].label];
    for (const GroupBy by : query_.by) {
      if (by == GroupBy::task) {
        row.names.emplace_back(tasks[keys_[index].task]);
      } else if (by == GroupBy::hour || by == time_) {
        row.names.push_back(time_text(keys_[index].time));
      } else if (by == GroupBy::day) {
        row.names.push_back(time_text(keys_[index].time).substr(0, 10));
      } else {
        const std::size_t end = names.find('\0');
        row.names.emplace_back(names.substr(0, end));
        names.remove_prefix(end + 1);
      }
    }
  }
}

}  // namespace tidegate::ledger
