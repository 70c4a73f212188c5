// Scheduler: which task of one run comes next. A ready heap without barriers: a task is ready as
// soon as its own needs have ended, whatever else still runs. Knows neither outcomes nor time of
// its own: the runner tells it what ended and what time it is, so the same calls give the same
// order. One per run, never shared.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"

namespace tidegate::engine {

// A task as a whole, or one item of a task that was expanded.
struct Unit {
  static constexpr std::uint32_t kWhole = UINT32_MAX;
  std::uint32_t task = 0;
  std::uint32_t item = kWhole;

  [[nodiscard]] bool whole() const { return item == kWhole; }
  auto operator<=>(const Unit&) const = default;
};

struct SchedulerTask {
  std::int32_t priority = 0;
  Duration expected = 1s;  // how long it may take, for the critical path
  std::span<const std::uint32_t> needs;
  bool ended = false;  // before this process began
};

class Scheduler {
 public:
  struct Options {
    std::uint32_t max_parallel = UINT32_MAX;  // units taken and not yet given back
    bool lower_first = false;                 // the smaller priority first
    Duration ageing = 1min;                   // waiting so long weighs as much as one priority
  };

  // `tasks` have no cycle.
  Scheduler(Options options, std::span<const SchedulerTask> tasks, TimePoint now);

  // The next unit to look at, which then counts as running until it is given back by expand(),
  // delay(), put_aside() or end(). None: nothing is ready, or max_parallel run.
  std::optional<Unit> take(TimePoint now);

  // `task` becomes its items `pending`, of which at most `max_parallel` run at a time.
  // With none pending it is complete already: the caller ends it.
  void expand(std::uint32_t task, std::vector<std::uint32_t> pending, std::uint32_t max_parallel,
              TimePoint now);
  // From now on so many of the items of `task` may run at a time.
  void widen(std::uint32_t task, std::uint32_t max_parallel);
  // Items of `task` that were never taken will not come; gives them.
  std::vector<std::uint32_t> withdraw_items(std::uint32_t task);
  // The unit comes again at `until`.
  void delay(Unit unit, TimePoint until);
  // The unit waits for something that the scheduler does not know; come_back() makes it ready.
  void put_aside(Unit unit);
  void come_back(Unit unit, TimePoint now);
  // Everything that waits for a time is ready now, such as after a longer budget or another window.
  void hurry(TimePoint now);
  // A taken unit has ended. True for the last item of a task: the caller then ends the task itself
  // by end_task(). A whole task makes its dependents ready where it was their last need.
  bool end(Unit unit, TimePoint now);
  // A task that ends without having been taken: after its last item, or because it was cancelled.
  // Should it be taken later all the same, the caller drops it.
  void end_task(std::uint32_t task, TimePoint now);
  void drop(Unit unit);

  // When the next delayed unit comes; kNever: none waits for a time.
  [[nodiscard]] TimePoint next_time() const;
  [[nodiscard]] std::uint32_t running() const { return running_; }
  [[nodiscard]] bool has_ready() const { return !ready_.empty(); }
  [[nodiscard]] std::size_t delayed() const { return delayed_.size(); }
  [[nodiscard]] std::size_t aside() const { return aside_; }
  [[nodiscard]] std::uint32_t tasks_left() const { return tasks_left_; }
  // The longest expected time from the start of `task` to the end of the run.
  [[nodiscard]] Duration critical_path(std::uint32_t task) const { return critical_[task]; }
  // Of the whole graph.
  [[nodiscard]] Duration critical_path() const { return longest_; }
  [[nodiscard]] std::span<const std::uint32_t> dependents(std::uint32_t task) const {
    return std::span(dependents_).subspan(first_[task], first_[task + 1] - first_[task]);
  }

 private:
  struct Ready {
    std::int64_t rank;  // higher first
    Duration critical;  // longer first
    Unit unit;
    bool operator<(const Ready& other) const;
  };
  struct Delayed {
    TimePoint until;
    Unit unit;
    bool operator<(const Delayed& other) const;
  };
  // The items of an expanded task. Those that were never started are a range of `pending`; one of
  // them at a time is in the heap, so a fan-out of any width costs the heap one entry. An item that
  // was taken keeps its place among max_parallel until it ends, also while it is delayed.
  struct Group {
    std::uint32_t task;
    std::uint32_t max_parallel;
    std::uint32_t next = 0;                  // of pending
    std::uint32_t left = 0;                  // not ended
    std::uint32_t busy = 0;                  // taken and not ended
    bool offered = false;                    // pending[next] is in the heap
    std::uint32_t withdrawn = Unit::kWhole;  // was offered when the others were withdrawn
    TimePoint since;
    std::vector<std::uint32_t> pending;
  };

  void link(std::span<const SchedulerTask> tasks);
  void measure(std::span<const SchedulerTask> tasks);
  void push(Unit unit, TimePoint since);
  void offer(Group& group);
  bool take_item(Unit unit);
  Group& group_of(Unit unit) { return groups_[group_index_[unit.task]]; }

  Options options_;
  TimePoint start_;
  std::vector<std::int32_t> priority_;
  std::vector<std::uint32_t> unmet_;
  std::vector<std::uint32_t> first_, dependents_;  // of task i: from first_[i] to first_[i + 1]
  std::vector<Duration> critical_;
  std::vector<std::uint32_t> group_index_;  // UINT32_MAX: not expanded
  std::vector<Group> groups_;
  std::vector<Ready> ready_;      // heap
  std::vector<Delayed> delayed_;  // heap, soonest first
  Duration longest_{};
  std::uint32_t running_ = 0;
  std::uint32_t tasks_left_ = 0;
  std::size_t aside_ = 0;
};

}  // namespace tidegate::engine
