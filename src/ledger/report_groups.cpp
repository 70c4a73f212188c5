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
  task_names_.number(std::string_view());
}

const Filter* Groups::task_filter() const {
  const auto found = std::ranges::find(query_.filters, GroupBy::task, &Filter::by);
  return found == query_.filters.end() ? nullptr : &*found;
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
  return label_names_.number(std::string_view(names));
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
  std::uint32_t& last = last_groups_[key.task == 0 ? 0 : 1];
  if (last < keys_.size() && keys_[last] == key) return last;
  last = keys_.number(key);
  if (last == groups_.size()) groups_.emplace_back();
  return last;
}

// The group of a part; absent: a filter leaves its task out.
std::optional<std::uint32_t> Groups::place(const Part& part) {
  if (of_task_ != nullptr && !holds(*of_task_, part.task)) return std::nullopt;
  Key key{.label = part.label, .task = 0, .time = time_of(part.at_us)};
  std::uint32_t task = 0;
  if (needs_tasks_ && !part.task.empty()) task = task_names_.number(part.task);
  if (by_task_) key.task = task;
  const std::uint32_t group = group_at(key);
  if (task != 0) {
    Last& last = by_task_ ? groups_[group].last : tasks_[{group, task}];
    last.add({part.last_us, part.last_ok});
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

void Groups::count_tasks(ReportRow& total) {
  std::vector<Last> latest(task_names_.size());  // over all groups
  const auto count = [&](Group& group, std::uint32_t task, const Last& last) {
    ++group.tasks;
    group.succeeded_tasks += last.ok ? 1 : 0;
    latest[task].add(last);
  };
  for (const auto& [key, last] : tasks_) count(groups_[key.group], key.task, last);
  for (std::uint32_t i = 0; by_task_ && i < groups_.size(); ++i) {
    if (keys_[i].task != 0) count(groups_[i], keys_[i].task, groups_[i].last);
  }
  total.tasks = task_names_.size() - 1;
  total.succeeded_tasks = std::ranges::count(latest, true, &Last::ok);
}

std::vector<std::uint32_t> Groups::in_order(std::size_t& all) const {
  struct Place {  // what mostly decides, side by side
    std::int64_t time = 0, cost = 0;
    std::uint32_t group = 0;
  };
  std::vector<Place> order;
  order.reserve(groups_.size());
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    const Sums& sums = groups_[i].sums;
    if (sums[Measure::attempts] != 0) order.push_back({keys_[i].time, sums[Measure::cost], i});
  }
  const auto before = [&](const Place& a, const Place& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.cost != b.cost) return a.cost > b.cost;
    const Key& key_a = keys_[a.group];
    const Key& key_b = keys_[b.group];
    if (key_a.label != key_b.label) return label_names_[key_a.label] < label_names_[key_b.label];
    return by_task_ && task_names_[key_a.task] < task_names_[key_b.task];
  };
  all = order.size();
  const std::size_t shown = query_.top == 0 ? all : std::min(query_.top, all);
  if (shown < all) {
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), before);
  } else {
    std::ranges::sort(order, before);
  }
  std::vector<std::uint32_t> groups;
  groups.reserve(shown);
  for (const Place& place : std::span(order).first(shown)) groups.push_back(place.group);
  return groups;
}

std::vector<std::string> Groups::names_of(const Key& key) const {
  std::vector<std::string> all;
  all.reserve(query_.by.size());
  std::string_view names = label_names_[key.label];
  for (const GroupBy by : query_.by) {
    if (by == GroupBy::task) {
      all.push_back(task_names_[key.task]);
    } else if (by == GroupBy::hour || by == time_) {
      all.push_back(time_text(key.time));
    } else if (by == GroupBy::day) {
      all.push_back(time_text(key.time).substr(0, 10));
    } else {
      const std::size_t end = names.find('\0');
      all.emplace_back(names.substr(0, end));
      names.remove_prefix(end + 1);
    }
  }
  return all;
}

void Groups::finish(Report& report) {
  count_tasks(report.total);
  for (const Group& group : groups_) {
    report.total.sums += group.sums;
    report.total.repriced += group.repriced;
    report.total.repriced_unknown += group.repriced_unknown;
  }
  std::size_t all = 0;
  const std::vector<std::uint32_t> shown = in_order(all);
  report.left_out = all - shown.size();
  report.rows.reserve(shown.size());
  for (const std::uint32_t index : shown) {
    const Group& group = groups_[index];
    report.rows.push_back({.names = names_of(keys_[index]),
                           .sums = group.sums,
                           .tasks = group.tasks,
                           .succeeded_tasks = group.succeeded_tasks,
                           .repriced = group.repriced,
                           .repriced_unknown = group.repriced_unknown});
  }
}

}  // namespace tidegate::ledger
