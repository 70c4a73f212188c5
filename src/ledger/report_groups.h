// Groups: the rows of a report while they are summed up. Labels are turned into a number once, so
// that adding an entry is one look into a table. One per report.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/names.h"
#include "ledger/numbering.h"
#include "ledger/report.h"
#include "ledger/report_memory.h"

namespace tidegate::ledger {

class Groups {
 public:
  explicit Groups(const Query& query);

  // The part of a group that its label says; absent: a filter leaves it out.
  using LabelGroup = std::uint32_t;
  [[nodiscard]] std::optional<LabelGroup> label_group(const Label& label);
  // Whether records must be told apart by their tasks.
  [[nodiscard]] bool needs_tasks() const { return needs_tasks_; }

  // What began in the hour of `at_us`.
  struct Part {
    LabelGroup label = 0;
    std::int64_t at_us = 0;
    std::string_view task;     // plain
    std::int64_t last_us = 0;  // of the task's latest request; 0: none
    bool last_ok = false;
  };
  void add(const Part& part, const Sums& sums);
  // A part of the task will be added shortly.
  void expect(std::string_view task) const { task_names_.expect(task); }
  // Of a task, whose sums were added as those of no task before; parts of one hour in a row.
  void move_to_task(const Part& part, const Sums& sums);
  // The same for one record, which is repriced where that is asked for.
  void add(LabelGroup group, const Label& label, const Entry& entry);

  // All were added: the numbers of the groups that are rows, in order; what the report says of all
  // of them goes into it.
  [[nodiscard]] std::vector<std::uint32_t> finish(Report& report);
  // Afterwards: makes `row` that of a group's number, in the memory that it has.
  void show(std::uint32_t number, ReportRow& row) const;
  // It will be asked for shortly.
  void expect_row(std::uint32_t number) const;

 private:
  struct Key {
    LabelGroup label = 0;
    std::uint32_t task = 0;
    std::int64_t time = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::uint64_t operator()(const Key& key) const {
      const std::uint64_t mixed =
          (static_cast<std::uint64_t>(key.time) * 0x9E3779B97F4A7C15u) ^
          ((static_cast<std::uint64_t>(key.label) << 32 | key.task) * 0xC2B2AE3D27D4EB4Fu);
      return mixed ^ mixed >> 29;
    }
  };
  struct Last {
    std::int64_t us = 0;
    bool ok = false;
    void add(const Last& other) {
      if (other.us >= us) *this = other;
    }
  };
  struct Group {
    Key key;
    Last last;  // if grouped by task
    Sums sums;
  };
  struct Repriced {
    NanoDollars cost;
    std::int64_t unknown = 0;
  };
  struct Tasks {
    std::int64_t all = 0, succeeded = 0;
  };
  struct TaskKey {
    std::uint32_t group = 0, task = 0;  // group: index into groups_
    bool operator==(const TaskKey&) const = default;
  };
  struct TaskKeyHash {
    std::size_t operator()(const TaskKey& key) const {
      return static_cast<std::size_t>((static_cast<std::uint64_t>(key.group) << 32 | key.task) *
                                      0x9E3779B97F4A7C15u);
    }
  };
  // Grows without moving what it holds.
  class GroupList {
   public:
    explicit GroupList(ReportMemory* memory) : memory_(memory) {}
    [[nodiscard]] std::uint32_t size() const { return size_; }
    Group& operator[](std::uint32_t i) { return blocks_[i / kBlock][i % kBlock]; }
    const Group& operator[](std::uint32_t i) const { return blocks_[i / kBlock][i % kBlock]; }
    std::uint32_t add(const Key& key);

   private:
    static constexpr std::uint32_t kBlock = 128;
    std::pmr::polymorphic_allocator<Group> memory_;
    std::vector<Group*> blocks_;
    std::uint32_t size_ = 0;
  };

  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t group_at(const Key& key);
  std::int64_t time_of(std::int64_t at_us);
  [[nodiscard]] std::string time_text(std::int64_t time) const;
  [[nodiscard]] const Filter* task_filter() const;
  std::uint32_t place(const Part& part);
  void take_moved();
  void count_tasks(ReportRow& total);
  // The groups to show, in order, of those that have records; how many are left out goes into the
  // report.
  std::vector<std::uint32_t> in_order(Report& report);
  // A group among those that are rows: all that is asked of it to find its place.
  struct Ranked {
    std::uint64_t cost = 0;   // descending
    std::uint64_t task = 0;   // the first bytes of its name that tell it apart
    std::uint32_t label = 0;  // the place of its names in their order
    std::uint32_t group = 0;
  };
  [[nodiscard]] bool comes_before(const Ranked& a, const Ranked& b) const;
  [[nodiscard]] std::span<Ranked> sorted(std::span<Ranked> order, std::span<Ranked> room) const;
  [[nodiscard]] bool tasks_are_groups() const;
  [[nodiscard]] std::vector<std::uint32_t> label_ranks() const;
  [[nodiscard]] std::size_t common_start_of_tasks() const;
  void show_names(const Key& key, std::vector<std::string>& names) const;

  ReportMemory memory_;  // first, as what is from it must go before it
  const Query query_;
  std::optional<GroupBy> time_;  // day or hour, if grouped so
  bool by_task_ = false, needs_tasks_ = false;
  const Filter* of_task_ = nullptr;
  bool of_none_ = true;          // whether what has no task is not filtered out
  Names label_names_{&memory_};  // label parts of groups, joined by zero bytes
  Names task_names_{&memory_};   // 0: no task
  GroupList groups_{&memory_};
  Sums total_;  // of all groups
  // What tasks have of what was added as that of none, by label: the groups of none lack it once
  // it is taken.
  std::vector<Sums> moved_;
  std::int64_t moved_at_us_ = 0, moved_time_ = 0;
  std::vector<Repriced> repriced_;     // by group; empty: nothing is repriced
  std::vector<Tasks> tasks_in_group_;  // by group, if not grouped by task
  // Where the group of a key is. Most tasks have one, the first, which is not in keys_.
  std::pmr::vector<std::uint32_t> first_of_task_{
      &memory_};  // by the task's number; kNone: none yet
  Numbering<Key, KeyHash> keys_{&memory_};
  std::vector<std::uint32_t> groups_of_keys_;
  std::unordered_map<TaskKey, Last, TaskKeyHash> tasks_;  // if not grouped by task
  // Records of one hour lie together, so its day is looked up once in a while.
  bool whole_hours_ = false;
  std::int64_t hour_ = INT64_MIN, hour_time_ = 0;
  std::array<std::uint32_t, 2> last_groups_{kNone, kNone};  // without a task, and of one
};

}  // namespace tidegate::ledger
