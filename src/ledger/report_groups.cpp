#include "ledger/report_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>
#include <span>
#include <tuple>

#include "ledger/number_sort.h"

namespace tidegate::ledger {
namespace {

using std::chrono::microseconds;

constexpr std::array kLabelGroups{GroupBy::model, GroupBy::provider, GroupBy::route, GroupBy::role,
                                  GroupBy::key,   GroupBy::tenant,   GroupBy::client};

bool is_time(GroupBy by) { return by == GroupBy::day || by == GroupBy::hour; }

bool holds(const Filter& filter, std::string_view name) {
  return std::ranges::find(filter.names, name) != filter.names.end();
}

std::uint64_t ascending(std::int64_t number) {
  return static_cast<std::uint64_t>(number) ^ std::uint64_t{1} << 63;
}

// As a number that orders like them; what is missing comes first. `from`: no more than its size.
std::uint64_t first_bytes(std::string_view name, std::size_t from) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, name.data() + from, std::min(name.size() - from, sizeof bytes));
  return __builtin_bswap64(bytes);
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
  of_none_ = of_task_ == nullptr || holds(*of_task_, {});
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

std::uint32_t Groups::GroupList::add(const Key& key) {
  static_assert(std::is_trivially_destructible_v<Group>);
  if (size_ % kBlock == 0) blocks_.push_back(memory_.allocate(kBlock));
  std::construct_at(&(*this)[size_], Group{.key = key, .last = {}, .sums = {}});
  return size_++;
}

std::uint32_t Groups::group_at(const Key& key) {
  std::uint32_t& last = last_groups_[key.task == 0 ? 0 : 1];
  if (last != kNone && groups_[last].key == key) return last;
  if (key.task != 0) {
    if (key.task >= first_of_task_.size()) first_of_task_.resize(key.task + 1, kNone);
    std::uint32_t& first = first_of_task_[key.task];
    if (first == kNone) first = groups_.add(key);
    if (groups_[first].key == key) return last = first;
  }
  const std::uint32_t number = keys_.number(key);
  if (number == groups_of_keys_.size()) groups_of_keys_.push_back(groups_.add(key));
  return last = groups_of_keys_[number];
}

// The group of a part; kNone: a filter leaves its task out.
std::uint32_t Groups::place(const Part& part) {
  if (of_task_ != nullptr && !holds(*of_task_, part.task)) return kNone;
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
  const std::uint32_t group = place(part);
  if (group == kNone) return;
  groups_[group].sums += sums;
  total_ += sums;
}

void Groups::move_to_task(const Part& part, const Sums& sums) {
  if (const std::int64_t time = time_of(part.at_us); time != moved_time_ || moved_.empty()) {
    take_moved();
    moved_.resize(label_names_.size());
    moved_at_us_ = part.at_us;
    moved_time_ = time;
  }
  const std::uint32_t group = place(part);
  if (group != kNone) groups_[group].sums += sums;
  if (of_none_) moved_[part.label] += sums;
  if (group != kNone && !of_none_) total_ += sums;
  if (group == kNone && of_none_) total_ -= sums;
}

void Groups::take_moved() {
  for (std::uint32_t label = 0; label < moved_.size(); ++label) {
    if (moved_[label] == Sums{}) continue;
    groups_[place({.label = label, .at_us = moved_at_us_, .task = {}})].sums -= moved_[label];
  }
  moved_.clear();
}

void Groups::add(LabelGroup label_group, const Label& label, const Entry& entry) {
  const LabelFlags flags = flags_of(label);
  const std::uint32_t group = place({.label = label_group,
                                     .at_us = entry.started_us,
                                     .task = entry.task,
                                     .last_us = flags.last ? entry.started_us : 0,
                                     .last_ok = flags.last && flags.ok});
  if (group == kNone) return;
  const Sums sums = sums_of(tally_of(entry), flags);
  groups_[group].sums += sums;
  total_ += sums;
  if (!query_.reprice) return;
  if (group >= repriced_.size()) repriced_.resize(group + 1);
  if (const auto cost = query_.reprice(label, entry)) {
    repriced_[group].cost += *cost;
  } else {
    ++repriced_[group].unknown;
  }
}

// Mostly a task is one group.
bool Groups::tasks_are_groups() const {
  return by_task_ && std::ranges::none_of(groups_of_keys_, [&](std::uint32_t group) {
           return groups_[group].key.task != 0;
         });
}

void Groups::count_tasks(ReportRow& total) {
  total.tasks = task_names_.size() - 1;
  if (tasks_are_groups()) return;                // in_order() counts those that succeeded
  std::vector<Last> latest(task_names_.size());  // over all groups
  if (!tasks_.empty()) tasks_in_group_.resize(groups_.size());
  for (const auto& [key, last] : tasks_) {
    ++tasks_in_group_[key.group].all;
    tasks_in_group_[key.group].succeeded += last.ok ? 1 : 0;
    latest[key.task].add(last);
  }
  for (std::uint32_t i = 0; by_task_ && i < groups_.size(); ++i) {
    latest[groups_[i].key.task].add(groups_[i].last);
  }
  latest[0] = {};  // no task
  total.succeeded_tasks = std::ranges::count(latest, true, &Last::ok);
}

// By the label's number: its place in the order of their names.
std::vector<std::uint32_t> Groups::label_ranks() const {
  std::vector<std::uint32_t> order(label_names_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return label_names_[i]; });
  std::vector<std::uint32_t> ranks(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) ranks[order[i]] = i;
  return ranks;
}

// Of how many bytes: what tells names apart begins behind them.
std::size_t Groups::common_start_of_tasks() const {
  if (!by_task_ || task_names_.size() < 2) return 0;
  std::string_view common = task_names_[1];
  for (std::uint32_t i = 2; i < task_names_.size() && !common.empty(); ++i) {
    const std::string_view name = task_names_[i];
    if (name.starts_with(common)) continue;
    const auto [end, other] = std::ranges::mismatch(common, name);
    common = {common.begin(), end};
  }
  return common.size();
}

// By time, then dearest first, then by name.
bool Groups::comes_before(const Ranked& a, const Ranked& b) const {
  const Key& first = groups_[a.group].key;
  const Key& second = groups_[b.group].key;
  return std::tuple(first.time, a.cost, a.label, a.task, task_names_[first.task]) <
         std::tuple(second.time, b.cost, b.label, b.task, task_names_[second.task]);
}

// Gives it back sorted, in its own place or in `room`, which is as large.
std::span<Groups::Ranked> Groups::sorted(std::span<Ranked> order, std::span<Ranked> room) const {
  sort_by_number(order, room, std::mem_fn(&Ranked::task));
  sort_by_number(order, room, [](const Ranked& one) { return std::uint64_t{one.label}; });
  sort_by_number(order, room, std::mem_fn(&Ranked::cost));
  if (time_) {
    sort_by_number(order, room,
                   [&](const Ranked& one) { return ascending(groups_[one.group].key.time); });
  }
  // What is left are names that are alike for longer.
  const auto is_like = [&](const Ranked& a, const Ranked& b) {
    return a.task == b.task && a.label == b.label && a.cost == b.cost &&
           (!time_ || groups_[a.group].key.time == groups_[b.group].key.time);
  };
  for (auto first = order.begin(); first != order.end();) {
    auto end = first + 1;
    while (end != order.end() && is_like(*end, *first)) ++end;
    if (end - first > 1) {
      std::sort(first, end, [&](const Ranked& a, const Ranked& b) { return comes_before(a, b); });
    }
    first = end;
  }
  return order;
}

std::vector<std::uint32_t> Groups::in_order(Report& report) {
  const bool in_one_group = tasks_are_groups();
  const std::vector<std::uint32_t> ranks = label_ranks();
  const std::size_t common = common_start_of_tasks();
  std::pmr::polymorphic_allocator<Ranked> memory(&memory_);
  Ranked* const rows = memory.allocate(groups_.size());
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    const std::uint32_t task = group.key.task;
    if (in_one_group && task != 0) report.total.succeeded_tasks += group.last.ok ? 1 : 0;
    if (group.sums[Measure::attempts] == 0) continue;
    std::construct_at(&rows[count++],
                      Ranked{.cost = ~ascending(group.sums[Measure::cost]),
                             .task = task == 0 ? 0 : first_bytes(task_names_[task], common),
                             .label = ranks[group.key.label],
                             .group = i});
  }
  std::span<Ranked> order(rows, count);
  if (query_.top != 0 && query_.top < count) {
    report.left_out = count - query_.top;
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(query_.top),
                             [&](const Ranked& a, const Ranked& b) { return comes_before(a, b); });
    order = order.first(query_.top);
  }
  order = sorted(order, {memory.allocate(order.size()), order.size()});
  std::vector<std::uint32_t> groups(order.size());
  std::ranges::transform(order, groups.begin(), &Ranked::group);
  return groups;
}

void Groups::show_names(const Key& key, std::vector<std::string>& shown) const {
  shown.resize(query_.by.size());
  std::string_view names = label_names_[key.label];
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const GroupBy by = query_.by[i];
    if (by == GroupBy::task) {
      shown[i] = task_names_[key.task];
    } else if (by == GroupBy::hour || by == time_) {
      shown[i] = time_text(key.time);
    } else if (by == GroupBy::day) {
      shown[i] = time_text(key.time).substr(0, 10);
    } else {
      const std::size_t end = names.find('\0');
      shown[i] = names.substr(0, end);
      names.remove_prefix(end + 1);
    }
  }
}

std::vector<std::uint32_t> Groups::finish(Report& report) {
  take_moved();
  count_tasks(report.total);
  std::vector<std::uint32_t> shown = in_order(report);
  report.total.sums = total_;
  for (const Repriced& one : repriced_) {
    report.total.repriced += one.cost;
    report.total.repriced_unknown += one.unknown;
  }
  return shown;
}

void Groups::expect_row(std::uint32_t number) const {
  const Group& group = groups_[number];
  __builtin_prefetch(&group);
  __builtin_prefetch(&group.sums.values[4]);
  __builtin_prefetch(&group.sums.values[12]);
}

void Groups::show(std::uint32_t number, ReportRow& row) const {
  const Group& group = groups_[number];
  show_names(group.key, row.names);
  row.sums = group.sums;
  row.tasks = row.succeeded_tasks = 0;
  if (group.key.task != 0) {
    row.tasks = 1;
    row.succeeded_tasks = group.last.ok ? 1 : 0;
  } else if (number < tasks_in_group_.size()) {
    row.tasks = tasks_in_group_[number].all;
    row.succeeded_tasks = tasks_in_group_[number].succeeded;
  }
  if (number < repriced_.size()) {
    row.repriced = repriced_[number].cost;
    row.repriced_unknown = repriced_[number].unknown;
  } else {
    row.repriced = {};
    row.repriced_unknown = 0;
  }
}

ReportRows::ReportRows(std::shared_ptr<const Groups> groups, std::vector<std::uint32_t> shown)
    : groups_(std::move(groups)), shown_(std::move(shown)) {}

ReportRow ReportRows::operator[](std::size_t i) const {
  ReportRow row;
  show(i, row);
  return row;
}

// The groups lie as they first came, and rows by what they cost: each comes from memory.
void ReportRows::show(std::size_t i, ReportRow& row) const {
  constexpr std::size_t kAhead = 8;
  if (i + kAhead < shown_.size()) groups_->expect_row(shown_[i + kAhead]);
  groups_->show(shown_[i], row);
}

}  // namespace tidegate::ledger
