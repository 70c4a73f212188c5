// Runner: one run of a workflow, from its tasks to its outputs. It hands ready tasks to coroutines
// of its own, writes what happens into the journal and decides what a failure, a refusal or a
// budget means for the rest. Lives on one loop; every call from its thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/budget.h"
#include "engine/conversation.h"
#include "engine/fork.h"
#include "engine/giving.h"
#include "engine/journal.h"
#include "engine/journal_reader.h"
#include "engine/models.h"
#include "engine/pricing.h"
#include "engine/redaction.h"
#include "engine/run_contents.h"
#include "engine/run_tasks.h"
#include "engine/scheduler.h"
#include "loop/loop.h"
#include "loop/task_group.h"

namespace tidegate::engine {

inline constexpr const char* kUnknownEnd =
    "an attempt was in flight when its process died, and its side effects must happen only once: "
    "whether they did is not known";

// What all runs of a process share.
struct Services {
  Loop& loop;
  Journal& journal;
  Models& models;
  const Pricing& pricing;
  ToolUser* tools = nullptr;  // null: tasks with tools fail
  Giving* giving = nullptr;   // null: this process makes all requests
  std::uint32_t orphans = 5;  // of a task, which then fails
  // What the journal has of the run with this key, where an earlier process began it.
  std::function<Task<Result<std::optional<StoredWithin>>>(std::string key)> find_within{};
  std::function<Task<Result<RunContents>>(RunId, NeededContents)> contents{};
};

struct RunStart {
  RunId id{};
  std::string key{};  // in the journal; empty: none
  std::shared_ptr<const workflow::Workflow> workflow{};
  workflow::Map inputs{};
  WallTime created{};
  std::optional<NanoDollars> budget{};  // in place of the workflow's own
  Budget* within = nullptr;             // of a sub-workflow: its parent's
  std::vector<std::string> secrets{};   // never written down
  std::int64_t parent = 0;              // forked from, or the run that uses it
  bool approve_all = false;
};

struct Progress {
  RunState state = RunState::running;
  std::size_t waiting = 0, running = 0, delayed = 0, succeeded = 0, failed = 0, skipped = 0,
              cancelled = 0, awaiting = 0;  // of tasks and items
  std::uint64_t requests = 0, retries = 0;
  Tokens prompt = 0, cached = 0, completion = 0;
  NanoDollars spent{}, reserved{};
  std::optional<NanoDollars> budget{};
  Duration expected{};  // until the end, by what tasks took so far; 0: not known
};

struct RunEnd {
  RunState state{};
  std::string reason{};
  workflow::Value outputs{};    // a map; null where it did not come to its end
  std::optional<Error> lost{};  // the journal took nothing more; the state is as written before
  NanoDollars spent{};
  std::optional<RunId> twin{};  // this one was never made: another process has its key
};

class Runner {
 public:
  // What happens while a run goes on, for who watches it.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void task_changed(const Runner& runner, std::uint32_t task, std::uint32_t item) = 0;
    virtual void run_changed(const Runner& runner, RunState state, const std::string& reason) = 0;
  };

  Runner(const Services& services, RunStart start);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Before run(): writes the run into the journal.
  void create() { create({}); }
  // What create_from() and restore() need beside these tasks.
  [[nodiscard]] NeededContents needed_contents(const std::vector<StoredTask>& tasks) const;
  // The same as create() for a run that takes over results of another one.
  Result<void> create_from(ForkPlan plan, RunContents contents);
  // Before run(): goes on from what the journal has. Attempts that were in flight become orphans.
  Result<void> restore(std::vector<StoredTask> tasks, RunContents contents);
  void watch(Watcher* watcher) { watcher_ = watcher; }

  // Until the run ends, or pauses with nothing in flight.
  Task<RunEnd> run();

  // In flight ends at once, the rest never begins.
  void cancel(std::string reason);
  // In flight ends at once; the run stays as the journal has it, to be resumed.
  void abandon() { journal_lost({ErrorCode::canceled, "the process ends", {}}); }
  // A task and all that depends on it; "ID" or "ID[KEY]", with "/" and the same behind it of a
  // workflow within. Error not_found or invalid (has ended).
  Result<void> cancel_task(std::string_view task);
  Result<void> decide(std::string_view task, bool approved, const std::string& by);
  void set_budget(std::optional<NanoDollars> budget);

  [[nodiscard]] Progress progress() const;
  // What keeps the journal from taking anything just now, so that nothing is sent; else empty.
  [[nodiscard]] std::string trouble() const { return services_.journal.trouble(); }
  [[nodiscard]] const workflow::Workflow& workflow() const { return *start_.workflow; }
  [[nodiscard]] RunId id() const { return start_.id; }
  [[nodiscard]] const std::string& key() const { return start_.key; }
  [[nodiscard]] const std::vector<TaskStatus>& tasks() const { return tasks_; }

 private:
  friend class TaskAttempt;
  [[nodiscard]] const workflow::Task& definition(std::uint32_t task) const {
    return start_.workflow->tasks[task];
  }
  [[nodiscard]] Work& work_of(Unit unit);
  [[nodiscard]] std::uint32_t number_of(Unit unit) const;  // in the journal
  [[nodiscard]] Budget& budget_of(std::uint32_t task);
  [[nodiscard]] WallTime now() const { return services_.loop.wall(); }
  [[nodiscard]] Result<Unit> find_unit(std::string_view name) const;
  [[nodiscard]] std::pair<Runner*, std::string_view> within(std::string_view name) const;

  // runner.cpp: the pump and the states of tasks.
  void pump();
  void begin(Unit unit);
  bool begin_whole(std::uint32_t task);  // false: it ended or was put elsewhere
  [[nodiscard]] Result<bool> condition_holds(std::uint32_t task) const;
  void expand(std::uint32_t task);
  void ask_approval(std::uint32_t task);
  void look_at_approvals();
  [[nodiscard]] std::optional<WallTime> held_until(std::uint32_t task) const;
  // Writes it down, with the end of the attempt that led to it.
  void set_state(Unit unit, TaskState state, std::optional<EndAttempt> attempt = {},
                 Bytes output = nullptr, WallTime not_before = {});
  void end_unit(Unit unit);
  void complete_fan(std::uint32_t task);
  void count_outcome(std::uint32_t task);
  void settle_idle();
  void stop(RunState state, std::string reason);
  void cancel_live(const std::string& reason);
  void cancel_rest();
  void cancel_unit(Unit unit);
  void change_run(RunState state, const std::string& reason);
  void finish(RunState state, std::string reason);
  void journal_lost(const Error& error);

  void create(std::vector<Reuse> reused);

  // restore.cpp
  [[nodiscard]] std::vector<char> waited_for(const std::vector<StoredTask>& stored) const;
  Result<void> take_in(std::vector<StoredTask> stored, RunContents contents);
  void read_output(const StoredTask& stored, const workflow::Task& definition, Work& work) const;
  std::vector<Reuse> reuse_items(std::uint32_t task, Fan& fan);
  void restore_need(std::uint32_t task);
  void count_restored();

  // task_work.cpp: coroutines that work on one unit.
  Task<void> work_on_prompt(Unit unit);
  Task<void> work_on_workflow(Unit unit);
  Task<Result<std::optional<StoredWithin>>> stored_within(std::string key);
  Task<Result<void>> go_on_within(Runner& child, std::vector<StoredTask> tasks);
  void conclude(Unit unit, AskResult result, std::optional<EndAttempt> attempt);
  bool try_again(Unit unit, const Failure& failure, std::optional<EndAttempt>& attempt);
  void fail_unit(Unit unit, std::string error, std::optional<EndAttempt> attempt = {});
  void write_off(Unit unit);
  [[nodiscard]] bool must_not_repeat(Unit unit) const;
  void redact(std::string& text) const { engine::redact(text, start_.secrets); }

  // Money: what waits until something else is settled.
  void wake_waiting_for_money();
  void budget_exceeded(const Budget& budget, NanoDollars amount);
  void warn_of_budget();

  Services services_;
  RunStart start_;
  TaskScope::Run scope_;
  std::vector<TaskStatus> tasks_;
  std::optional<Scheduler> scheduler_;
  Budget budget_;
  std::map<workflow::RoleIndex, std::unique_ptr<Budget>> role_budgets_;
  std::map<std::uint32_t, std::unique_ptr<Budget>> task_budgets_;
  std::uint32_t next_number_ = 0;
  std::map<std::uint32_t, std::map<std::string, std::pair<std::uint32_t, Work>>> stored_items_;
  RunContents contents_;                                          // for items that are not made yet
  std::map<std::uint32_t, std::optional<WallTime>> asked_until_;  // by an earlier process

  std::map<Unit, Cancel*> live_;
  std::map<Unit, Runner*> children_;
  // Until when, by the clock that nobody sets: a person has as long as the file says.
  struct Open {
    std::uint32_t task;
    TimePoint until;
  };
  std::vector<Open> approvals_;
  TaskGroup group_;
  Timer timer_;
  Watcher* watcher_ = nullptr;

  RunState state_ = RunState::running;  // as written last
  WallTime cheap_from_{};               // when the first of what a window holds may begin
  bool restored_ = false;
  bool pumping_ = false;
  bool failed_ = false, partial_ = false;
  bool stopping_ = false;  // nothing begins any more
  bool pausing_ = false;   // the same, but what is left stays
  RunState stop_state_ = RunState::running;
  std::string reason_;
  std::size_t warned_ = 0;
  bool ended_ = false;
  RunEnd end_;
  std::coroutine_handle<> waiter_;
  struct Ended;

  Progress counts_;
  Duration task_time_{};
  std::uint64_t timed_tasks_ = 0;
};

}  // namespace tidegate::engine
