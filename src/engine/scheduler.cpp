#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace tidegate::engine {
namespace {

constexpr std::uint32_t kNoGroup = UINT32_MAX;

}  // namespace

bool Scheduler::Ready::operator<(const Ready& other) const {
  if (rank != other.rank) return rank < other.rank;
  if (critical != other.critical) return critical < other.critical;
  return unit > other.unit;  // in the order of the file
}

bool Scheduler::Delayed::operator<(const Delayed& other) const {
  if (until != other.until) return until > other.until;
  return unit > other.unit;
}

Scheduler::Scheduler(Options options, std::span<const SchedulerTask> tasks, TimePoint now)
    : options_(options),
      start_(now),
      unmet_(tasks.size()),
      critical_(tasks.size()),
      group_index_(tasks.size(), kNoGroup) {
  priority_.reserve(tasks.size());
  for (const SchedulerTask& task : tasks) priority_.push_back(task.priority);
  link(tasks);
  measure(tasks);
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].ended) continue;
    ++tasks_left_;
    if (unmet_[i] == 0) push({i}, now);
  }
}

// The edges by the task that they leave, in one array.
void Scheduler::link(std::span<const SchedulerTask> tasks) {
  first_.assign(tasks.size() + 1, 0);
  for (const SchedulerTask& task : tasks) {
    for (const std::uint32_t need : task.needs) ++first_[need + 1];
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) first_[i + 1] += first_[i];
  dependents_.resize(first_.back());
  std::vector<std::uint32_t> at(first_.begin(), first_.end() - 1);
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    for (const std::uint32_t need : tasks[i].needs) {
      dependents_[at[need]++] = i;
      if (!tasks[need].ended) ++unmet_[i];
    }
  }
}

// From the last tasks to the first, without recursion: a chain may be as long as the file.
void Scheduler::measure(std::span<const SchedulerTask> tasks) {
  std::vector<std::uint32_t> open(tasks.size());
  std::vector<std::uint32_t> order;
  order.reserve(tasks.size());
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    open[i] = first_[i + 1] - first_[i];
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    const std::uint32_t task = order[next];
    critical_[task] += tasks[task].expected;
    longest_ = std::max(longest_, critical_[task]);
    for (const std::uint32_t need : tasks[task].needs) {
      critical_[need] = std::max(critical_[need], critical_[task]);
      if (--open[need] == 0) order.push_back(need);
    }
  }
}

// Waiting adds the same to all, so an entry's rank never changes while it waits: it is the priority
// it began with, less what everybody had waited by then. Times count in whole steps of ageing, so
// that tasks of about the same age are ordered by their critical path.
void Scheduler::push(Unit unit, TimePoint since) {
  const std::int64_t age = (since - start_) / options_.ageing;
  const std::int64_t priority = priority_[unit.task];
  ready_.push_back(
      {(options_.lower_first ? -priority : priority) - age, critical_[unit.task], unit});
  std::push_heap(ready_.begin(), ready_.end());
}

void Scheduler::offer(Group& group) {
  if (group.offered || group.next == group.pending.size() || group.busy >= group.max_parallel) {
    return;
  }
  group.offered = true;
  push({group.task, group.pending[group.next]}, group.since);
}

std::optional<Unit> Scheduler::take(TimePoint now) {
  while (!delayed_.empty() && delayed_.front().until <= now) {
    const Unit unit = delayed_.front().unit;
    std::pop_heap(delayed_.begin(), delayed_.end());
    delayed_.pop_back();
    push(unit, now);
  }
  while (!ready_.empty() && running_ < options_.max_parallel) {
    const Unit unit = ready_.front().unit;
    std::pop_heap(ready_.begin(), ready_.end());
    ready_.pop_back();
    if (!unit.whole() && !take_item(unit)) continue;
    ++running_;
    return unit;
  }
  return std::nullopt;
}

// False for one that was withdrawn while it was in the heap.
bool Scheduler::take_item(Unit unit) {
  Group& group = group_of(unit);
  if (group.withdrawn == unit.item) return false;
  if (!group.offered || group.pending[group.next] != unit.item) return true;  // comes again
  group.offered = false;
  ++group.next;
  ++group.busy;
  offer(group);
  return true;
}

void Scheduler::expand(std::uint32_t task, std::vector<std::uint32_t> pending,
                       std::uint32_t max_parallel, TimePoint now) {
  --running_;
  if (pending.empty()) return;
  group_index_[task] = static_cast<std::uint32_t>(groups_.size());
  const auto left = static_cast<std::uint32_t>(pending.size());
  groups_.push_back({.task = task,
                     .max_parallel = std::max(max_parallel, 1u),
                     .left = left,
                     .since = now,
                     .pending = std::move(pending)});
  offer(groups_.back());
}

void Scheduler::widen(std::uint32_t task, std::uint32_t max_parallel) {
  if (group_index_[task] == kNoGroup) return;
  Group& group = groups_[group_index_[task]];
  group.max_parallel = std::max(max_parallel, 1u);
  offer(group);
}

std::vector<std::uint32_t> Scheduler::withdraw_items(std::uint32_t task) {
  if (group_index_[task] == kNoGroup) return {};
  Group& group = groups_[group_index_[task]];
  if (group.offered) group.withdrawn = group.pending[group.next];
  group.offered = false;
  std::vector<std::uint32_t> rest(group.pending.begin() + group.next, group.pending.end());
  group.pending.resize(group.next);
  group.left -= static_cast<std::uint32_t>(rest.size());
  return rest;
}

void Scheduler::delay(Unit unit, TimePoint until) {
  --running_;
  delayed_.push_back({until, unit});
  std::push_heap(delayed_.begin(), delayed_.end());
}

void Scheduler::put_aside(Unit) {
  --running_;
  ++aside_;
}

void Scheduler::come_back(Unit unit, TimePoint now) {
  --aside_;
  push(unit, now);
}

void Scheduler::hurry(TimePoint now) {
  for (const Delayed& entry : delayed_) push(entry.unit, now);
  delayed_.clear();
}

bool Scheduler::end(Unit unit, TimePoint now) {
  --running_;
  if (unit.whole()) {
    end_task(unit.task, now);
    return false;
  }
  Group& group = group_of(unit);
  --group.busy;
  --group.left;
  offer(group);
  return group.left == 0;
}

void Scheduler::drop(Unit) { --running_; }

void Scheduler::end_task(std::uint32_t task, TimePoint now) {
  --tasks_left_;
  for (const std::uint32_t dependent : dependents(task)) {
    if (--unmet_[dependent] == 0) push({dependent}, now);
  }
}

TimePoint Scheduler::next_time() const {
  return delayed_.empty() ? kNever : delayed_.front().until;
}

}  // namespace tidegate::engine
